"""Two words by which people recognise a sign-in wherever it is spoken of: in the log, in a message, in an
Event. They guard nothing; they are short enough to be read out.

No two adjectives and no two nouns begin with the same three letters, so that none is taken for another.
"""

from __future__ import annotations

_ADJECTIVES = """
alpine amber autumn blue brave bright calm candid cedar clever coral cosy crisp daring dusty eager
early fabled fair fresh gentle glad golden grand green happy hazel humble ivory jolly keen kind lemon
light lively loyal lucky mellow mild misty modest nimble noble olive orange patient pearl plain polar
proud quiet rapid ruby rustic scarlet silver snowy spry stable sunny swift teal tidy velvet
"""
_NOUNS = """
acorn anchor badger beacon birch bridge canyon castle cello cloud comet cricket dolphin dune eagle ember
falcon fern fiddle forest garden glacier goose harbor heron island jasmine kettle kite lagoon lantern lark
lily lynx magpie maple meadow mirror mountain nectar ocean orchid otter oyster parrot pebble pine plum
puffin quartz rabbit raven reef river robin saddle sparrow spruce star summit teapot thistle tulip walnut
"""

ADJECTIVES = tuple(_ADJECTIVES.split())
NOUNS = tuple(_NOUNS.split())

COMBINATIONS = len(ADJECTIVES) * len(NOUNS)


def phrase_of(number: int) -> str:
    """The phrase for a number below `COMBINATIONS`: "amber otter"."""
    first, second = divmod(number % COMBINATIONS, len(NOUNS))
    return f"{ADJECTIVES[first]} {NOUNS[second]}"

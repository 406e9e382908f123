"""Measuring. Everything but growth: rounds of lives, turns under a meter, fifty tokens, idle CPU, images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bench.contender import OURS, Contender
from tests.bench.engine import Engine
from tests.bench.figures import Summary
from tests.bench.rows.authority import Authority
from tests.bench.rows.fifty import fifty_in_a_loop, fifty_tokens
from tests.bench.rows.idle_cpu import idle_cpu
from tests.bench.rows.image import images
from tests.bench.rows.life import lives
from tests.bench.rows.metered import signed_in
from tests.bench.rows.plan import FULL, SHORT
from tests.bench.rows.samples import told
from tests.bench.rows.turn import turns

LOOP = "msal"
"""Whose people would renew fifty tokens one after another."""


def measure(
    engine: Engine, provider: Authority, contenders: Sequence[Contender], *, short: bool
) -> Iterator[Summary]:
    """Every row as soon as it is known; what was left out, and why, is in the engine's notes.

    :raises Impatient: ours did not do what is measured
    :raises EngineError: a docker command or a turn failed
    :raises NotCounted: ours ended
    """
    plan = SHORT if short else FULL
    named = {each.name: each for each in contenders}
    provider.token_life(plan.token_life_seconds)
    yield from told(images(engine, contenders))
    if OURS in named:
        place = signed_in(engine, named[OURS])
        yield from told(turns(engine, named[OURS], place, plan))
        yield from told(fifty_tokens(engine, provider, named[OURS], place, plan))
    if LOOP in named and not short:
        yield from told(fifty_in_a_loop(engine, provider, named[LOOP], plan))
    yield from told(lives(engine, provider, contenders, plan))
    yield from told(idle_cpu(engine, provider, contenders, plan))

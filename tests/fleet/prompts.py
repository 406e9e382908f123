"""How often people are asked to sign in, and why."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from random import Random

from sidecar.core import session
from sidecar.core.session import Session
from tests.fleet.authority import USUAL
from tests.fleet.pods import REFRESH_AT
from tests.fleet.traffic import DAY, START

FIRST, MOVED, NODE, FREQUENCY = "first", "moved", "node", "frequency"

RENEWAL_SECONDS = int((USUAL.shortest + USUAL.longest) / 2 * REFRESH_AT)
"""Between two renewals, on average: so late a sign-in that has ended is noticed."""


@dataclass(frozen=True)
class World:
    """`frequency_seconds`: the sign-in frequency of a Conditional Access policy, None for none. A pod is
    moved `moves_per_day` times, and its node is lost `losses_per_day` times.
    """

    frequency_seconds: int | None
    moves_per_day: float = 0.02
    losses_per_day: float = 1 / 90


def asked(signins: int, world: World, *, days: int, keeps_state: bool, seed: str) -> Counter[str]:
    """Prompts by cause, of so many sign-ins that are kept up independently. `keeps_state`: a pod that is
    moved finds the sign-in again.
    """
    counted: Counter[str] = Counter({FIRST: 0, MOVED: 0, NODE: 0, FREQUENCY: 0})
    for place in range(signins):
        _one(Random(f"{seed}/prompts/{place}"), world, days * DAY, keeps_state, counted)
    return counted


def _one(chance: Random, world: World, seconds: int, keeps_state: bool, counted: Counter[str]) -> None:
    now, cause, known = 0.0, FIRST, Session()
    while now < seconds:
        counted[cause] += 1
        known = session.began(known, now=START + now, ends_on=None)
        ends = {
            MOVED: math.inf if keeps_state else now + _wait(chance, world.moves_per_day),
            NODE: math.inf if keeps_state else now + _wait(chance, world.losses_per_day),
            FREQUENCY: math.inf,
        }
        if world.frequency_seconds is not None:
            refused = now + _renewal_after(world.frequency_seconds)
            early = session.ask_on(known, None)
            ends[FREQUENCY] = refused if early is None else min(refused, early - START)
        cause = min(ends, key=lambda each: ends[each])
        now = ends[cause]
        if cause != FREQUENCY:
            known = Session()
        elif now == refused:
            known = session.refused(
                known,
                token="",
                now=START + now,
                succeeded_on=int(START + now - RENEWAL_SECONDS),
                fields={"aadsts": "70043"},
            )


def _wait(chance: Random, per_day: float) -> float:
    """Seconds until what happens so often happens next."""
    return math.inf if per_day == 0 else -math.log(1 - chance.random()) / per_day * DAY


def _renewal_after(age: int) -> int:
    """The age of a sign-in at the first renewal beyond `age`."""
    return (age // RENEWAL_SECONDS + 1) * RENEWAL_SECONDS

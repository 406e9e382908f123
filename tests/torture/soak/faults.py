"""What goes wrong and when: a pure function of a seed and of virtual time, the same for every contender.

Each second of virtual time has its fault or has none, so whoever calls then meets it. Outages last for
minutes; within one every call fails. A minute and a half before and after an outage is calm: otherwise
single faults would prolong it, and no promise could be made about an outage of a given length.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache
from random import Random

CALM_SECONDS = 90
"""Longer than the longest pause between two tries: 60 s, and two requests of ten seconds that hang."""

SETTLING_SECONDS = 3600
"""The beginning is calm, so that everybody is signed in before the first fault."""


class Fault(enum.Enum):
    """How a call fails. `SLOW` does not: the true answer comes after eight seconds."""

    RESET = "connection reset"
    SILENCE = "no answer"
    BUSY = "503 with Retry-After"
    BUSY_JSON = "503 with Retry-After, an error of Entra's"
    THROTTLED = "429 with Retry-After"
    THROTTLED_JSON = "429 with Retry-After, an error of Entra's"
    PORTAL = "200 with a captive portal's page"
    GARBAGE = "200 with half of a JSON answer"
    SLOW = "an answer after 8 s"


OUTAGES = (Fault.RESET, Fault.SILENCE, Fault.BUSY, Fault.PORTAL)


@dataclass(frozen=True)
class Failing:
    """One second's fault. `retry_after` in seconds, None if the server has no wish."""

    fault: Fault
    retry_after: int | None = None
    outage: bool = False


@dataclass(frozen=True)
class Outage:
    """From `begin` until before `end`, in seconds after the beginning."""

    begin: float
    end: float
    fault: Fault


@dataclass(frozen=True)
class Weather:
    """`share` of the seconds have a fault; one outage, `longest_seconds` at most, falls into each
    `slot_seconds`.
    """

    seed: int
    share: float
    slot_seconds: int
    longest_seconds: int

    def failing(self, after: float) -> Failing | None:
        """The fault of the second that is `after` seconds after the beginning."""
        if after < SETTLING_SECONDS:
            return None
        outage = self.outage_of(int(after // self.slot_seconds))
        if outage.begin <= after < outage.end:
            return Failing(outage.fault, outage=True)
        if outage.begin - CALM_SECONDS <= after < outage.end + CALM_SECONDS:
            return None
        chance = Random(f"{self.seed}/second/{int(after)}")
        if chance.random() >= self.share:
            return None
        return Failing(chance.choice(list(Fault)), chance.choice((1, 5, 30, 60)))

    @lru_cache(maxsize=4)  # noqa: B019 # a handful of these live as long as their test
    def outage_of(self, slot: int) -> Outage:
        """Each slot has its outage, with room for the calm around it."""
        chance = Random(f"{self.seed}/outage/{slot}")
        # Every fourth is as long as it may be.
        length = self.longest_seconds if slot % 4 == 0 else chance.uniform(60, self.longest_seconds)
        room = self.slot_seconds - length - 2 * CALM_SECONDS
        begin = slot * self.slot_seconds + CALM_SECONDS + chance.uniform(0, room)
        return Outage(begin, begin + length, chance.choice(OUTAGES))


@dataclass(frozen=True)
class Outages:
    """Nothing but these."""

    outages: tuple[Outage, ...]

    def failing(self, after: float) -> Failing | None:
        """As `Weather.failing`."""
        for outage in self.outages:
            if outage.begin <= after < outage.end:
                return Failing(outage.fault, outage=True)
        return None


def storm(seed: int, *, longest_seconds: int) -> Weather:
    """A third of all calls fail, and every four hours there is an outage."""
    return Weather(seed, share=1 / 3, slot_seconds=4 * 3600, longest_seconds=longest_seconds)


def unsettled(seed: int, *, longest_seconds: int) -> Weather:
    """One call of a hundred fails, and every week there is an outage."""
    return Weather(seed, share=1 / 100, slot_seconds=7 * 86400, longest_seconds=longest_seconds)

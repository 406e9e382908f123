"""The form of the table: what is said wrongly, when, and what must come of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from tests.emulator.faults import Fault
from tests.torture.faults.doors import Detour


class Phase(enum.Enum):
    """Where the fault strikes: the kind of request, as the stand-in's journal calls it."""

    DISCOVERY = "discovery"
    DEVICE_CODE = "devicecode"
    POLL = "token:device_code"
    RENEWAL = "token:refresh_token"


class Outcome(enum.Enum):
    """What the product does about it."""

    UNHARMED = "nothing happens: no failure is told, the sign-in or renewal is as good as ever"
    RETRIED = "the same is tried again by itself; nobody is asked, an open code stays valid"
    PROMPTED = "a person is asked, once for every strike: the code or the sign-in is used up"
    STOPPED = "the role ends, since only a change of the configuration helps; the next start tries again"


@dataclass(frozen=True)
class Expected:
    """`code` is what the role `signin` ends with while the fault lasts; `refresh` ends with 78 alone."""

    outcome: Outcome
    code: int = 0


@dataclass(frozen=True)
class Row:
    """One fault and what must come of it in each phase; None where it makes no sense.

    `approved`: the person has approved before the first poll, so that the fault strikes the token itself.
    `pause_seconds`: what the authority asked for, and gets; `slow_seconds`: how much longer than after other
    refusals it may take until it is tried again. `only_once`: for it to happen again a person has to do
    something again, so that it cannot last.
    """

    name: str
    fault: Fault | Detour
    discovery: Expected | None = None
    device_code: Expected | None = None
    poll: Expected | None = None
    renewal: Expected | None = None
    approved: bool = False
    pause_seconds: int = 0
    slow_seconds: int = 0
    only_once: bool = False

    def expected(self, phase: Phase) -> Expected | None:
        """The column of `phase`."""
        return {
            Phase.DISCOVERY: self.discovery,
            Phase.DEVICE_CODE: self.device_code,
            Phase.POLL: self.poll,
            Phase.RENEWAL: self.renewal,
        }[phase]

    @property
    def patience_seconds(self) -> int:
        """How much later than after other faults all is well again."""
        return max(self.pause_seconds, self.slow_seconds)

    @property
    def costly(self) -> bool:
        """Whether it takes real time: the patience of a request, or a renewal every six seconds."""
        return any(word in self.name for word in ("hang", "drip", "refresh_in '0'", "refresh_in '-5'"))


FINE = Expected(Outcome.UNHARMED)
BUSY = Expected(Outcome.RETRIED, 75)
AWAY = Expected(Outcome.RETRIED, 69)
REFUSED = Expected(Outcome.RETRIED, 77)
"""Refused before anybody was asked: tried again, more and more slowly."""
KEPT = Expected(Outcome.RETRIED)
"""A code that is being polled stays valid, so `signin` ends well."""
ASKS = Expected(Outcome.PROMPTED)
CONFIG = Expected(Outcome.STOPPED, 78)


def lost(code: int) -> Expected:
    """The code is used up; `signin` says so by its exit code, `refresh` asks again."""
    return Expected(Outcome.PROMPTED, code)


def everywhere(name: str, fault: Fault | Detour, outcome: Expected, *, pause_seconds: int = 0) -> Row:
    """The same in each phase; a code that is being polled stays valid."""
    poll = KEPT if outcome.outcome is Outcome.RETRIED else outcome
    return Row(name, fault, outcome, outcome, poll, outcome, pause_seconds=pause_seconds)

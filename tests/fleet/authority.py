"""Entra as the fleet sees it: lives of tokens, and outages."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sidecar.core.token import AccessToken
from tests.fleet.traffic import DAY, HOUR, START

WANTED = {"": ("https://graph.microsoft.com/.default",)}


@dataclass(frozen=True)
class Lives:
    """How long tokens live, in seconds; `advised` is the part of life after which Entra says to renew."""

    name: str
    shortest: int
    longest: int
    advised: float | None = None

    def granted(self, at: float, chance: Random) -> AccessToken:
        """A token, as of the instant `at`."""
        life = self.shortest + int(chance.random() * (self.longest - self.shortest + 1))
        issued_on = int(at)
        return AccessToken(
            secret="",
            issued_on=issued_on,
            expires_on=issued_on + life,
            refresh_on=None if self.advised is None else issued_on + int(life * self.advised),
            scope="",
            requested=WANTED[""],
        )


USUAL = Lives("60-90 min", HOUR, 3 * HOUR // 2)
"""Microsoft: "a random value ranging between 60-90 minutes (75 minutes on average)"."""
HOURLY = Lives("60 min", HOUR, HOUR)
LONG = Lives("24 h", DAY, DAY, advised=0.5)


@dataclass(frozen=True)
class Refusal:
    """No token now. `retry_after` in seconds, None if there was no such wish."""

    retry_after: int | None


@dataclass(frozen=True)
class Outage:
    """Seconds of virtual time in which each request is refused at once. `retry_after`: told to all;
    `says_when`: each is told the seconds until the very end, as a Retry-After with a date does.
    """

    begin: int
    end: int
    retry_after: int | None = None
    says_when: bool = False

    @property
    def asks_nothing(self) -> bool:
        """No Retry-After of either kind."""
        return self.retry_after is None and not self.says_when

    def refusal(self, at: float) -> Refusal | None:
        """The answer at that instant; None if it is over, or has not begun."""
        if not self.begin <= at - START < self.end:
            return None
        return Refusal(START + self.end - int(at) if self.says_when else self.retry_after)


NEVER = Outage(0, 0)


@dataclass(frozen=True)
class Authority:
    """Each answer follows from the instant and from the asking pod's own chance alone."""

    lives: Lives
    outage: Outage = NEVER

    def answer(self, at: float, chance: Random) -> AccessToken | Refusal:
        """To a request with a refresh token."""
        return self.outage.refusal(at) or self.lives.granted(at, chance)

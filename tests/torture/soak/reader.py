"""The app's view: is there a token, and would an API accept it now?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.torture.soak.provider import Provider
from tests.torture.soak.virtual_time import WatchedClock


@dataclass
class Reader:
    """Looks from the outside, and lets the provider judge. `read` gives the token, None if there is none.

    It counts from the first token on. `life_seconds` is the remaining life of the token last seen, and
    `least_life_seconds` the shortest so far.
    """

    clock: WatchedClock
    provider: Provider
    read: Callable[[], str | None]
    reads: int = 0
    expired: int = 0
    missing: int = 0
    torn: int = 0
    life_seconds: float = float("inf")
    least_life_seconds: float = float("inf")
    first_bad_on: float | None = None

    def look(self) -> None:
        """One read."""
        token = self.read()
        if not self.reads and token is None:
            return
        self.reads += 1
        if token is None:
            self.missing += 1
            self._bad()
            return
        expiry = self.provider.expiry(token)
        if expiry is None:
            self.torn += 1
            self._bad()
            return
        self.life_seconds = expiry - self.clock.wall
        self.least_life_seconds = min(self.least_life_seconds, self.life_seconds)
        if self.life_seconds <= 0:
            self.expired += 1
            self._bad()

    @property
    def bad(self) -> int:
        """Reads that found no valid token."""
        return self.expired + self.missing + self.torn

    @property
    def availability(self) -> float:
        """The share of reads that found a valid token, in per cent."""
        return 100 * (self.reads - self.bad) / self.reads if self.reads else 0.0

    def _bad(self) -> None:
        if self.first_bad_on is None:
            self.first_bad_on = self.clock.wall


def token_file(path: Path) -> Callable[[], str | None]:
    """As apps do it: open, read; an absent or empty file is no token."""

    def read() -> str | None:
        try:
            return path.read_text() or None
        except FileNotFoundError:
            return None

    return read

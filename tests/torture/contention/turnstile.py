"""Every request to the stand-in passes here: held for a moment, so that two at once would meet."""

from __future__ import annotations

import threading
import time
from collections import Counter

from tests.emulator.faults import Exchange

HOLD_SECONDS = 2.0
"""Longer than the second or so by which two loops miss each other that are due together."""


class Turnstile:
    """To be given to `entra.faults.always("*", …)`; `most` is how many requests were inside at once."""

    def __init__(self) -> None:
        self.passed = 0
        self.most = 0
        self.renewed_at: list[float] = []
        self._inside = 0
        self._used: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        """Note it, hold it, and have it answered."""
        with self._lock:
            self.passed += 1
            self._inside += 1
            self.most = max(self.most, self._inside)
            if refresh_token := exchange.form().get("refresh_token"):
                self._used[refresh_token] += 1
                self.renewed_at.append(time.monotonic())
        try:
            exchange.wait(HOLD_SECONDS)
            exchange.send(exchange.process())
        finally:
            with self._lock:
                self._inside -= 1

    @property
    def used_twice(self) -> int:
        """Refresh tokens that came more than once."""
        return sum(times > 1 for times in self._used.values())

    def shortest_pause(self) -> float:
        """Seconds between two renewals, the shortest; it was one token, so a doubled one is far below."""
        pairs = zip(self.renewed_at, self.renewed_at[1:], strict=False)
        return min((later - earlier for earlier, later in pairs), default=float("inf"))

"""Who may use the provider when: the holder of the Lease alone, and one request at a time.

`ProviderWatch` notes when each request to the stand-in for the provider came and when it was answered;
the journal of the API server says who held the Lease then.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.emulator.faults import Exchange

HOLD_SECONDS = 0.4
"""At most: two requests that should not be there at once would meet."""


@dataclass(frozen=True)
class LeaseWrite:
    """Who held the Lease from then on; None if nobody did. Epoch seconds."""

    at: float
    holder: str | None


@dataclass(frozen=True)
class Hold:
    """From one write until another replica's, or until it was let go. Epoch seconds."""

    holder: str
    since: float
    until: float


@dataclass(frozen=True)
class Visit:
    """One request to the provider; epoch seconds."""

    came: float
    answered: float


class ProviderWatch:
    """To be given to `entra.faults.always("token", …)` and to other kinds of requests."""

    def __init__(self, seed: int) -> None:
        self.visits: list[Visit] = []
        self.most = 0
        self.polled: dict[str, Visit] = {}
        """By device code: from the first poll to the last one."""
        self._inside = 0
        self._used: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        """Note it, hold it for a moment, and have it answered."""
        came = time.time()
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
            if refresh_token := exchange.form().get("refresh_token"):
                self._used[refresh_token] += 1
            if device_code := exchange.form().get("device_code"):
                first = self.polled.get(device_code)
                self.polled[device_code] = Visit(first.came if first else came, came)
            pause = self._chance.uniform(0, HOLD_SECONDS)
        try:
            exchange.wait(pause)
            exchange.send(exchange.process())
        finally:
            with self._lock:
                self._inside -= 1
                self.visits.append(Visit(came, time.time()))

    @property
    def used_twice(self) -> int:
        """Refresh tokens that came more than once."""
        return sum(times > 1 for times in self._used.values())


def holds(writes: Iterable[LeaseWrite]) -> list[Hold]:
    """What one after the other held."""
    found: list[Hold] = []
    holder, since = None, 0.0
    for write in writes:
        if write.holder == holder:
            continue
        if holder is not None:
            found.append(Hold(holder, since, write.at))
        holder, since = write.holder, write.at
    if holder is not None:
        found.append(Hold(holder, since, float("inf")))
    return found


def strays(visits: Sequence[Visit], held: Sequence[Hold], *, slack_seconds: float = 0) -> list[str]:
    """Requests to the provider that no one hold spans; `slack_seconds` is what `held` may be late by."""
    return [
        f"{visit.came:.3f}-{visit.answered:.3f}"
        for visit in visits
        if not any(hold.since - slack_seconds <= visit.came and visit.answered <= hold.until for hold in held)
    ]


def most_at_once(spans: Iterable[Visit]) -> int:
    """How many of them overlap, at most."""
    known = list(spans)
    return max(
        (sum(other.came <= span.came <= other.answered for other in known) for span in known), default=0
    )


def takeovers(writes: Sequence[LeaseWrite]) -> int:
    """How often one replica took what another had not let go."""
    pairs = itertools.pairwise(writes)
    return sum(
        later.holder is not None and earlier.holder is not None and later.holder != earlier.holder
        for earlier, later in pairs
    )

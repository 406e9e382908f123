"""A token that is not there yet: one turn of `refresh` as a child, which asks the authority and no person.

The sign-in and its key are read by that child alone. All is bounded: whoever knows the secret may ask for
made-up resources, and every one that waits holds a thread of the web server.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

AT_ONCE = 2
"""Children, and requests that wait for one: the web server has few threads, for everything."""

WAIT_SECONDS = 25.0
"""Clients give up after 30 or more."""

PAUSE_SECONDS = 10
"""A failed fetch is not repeated before; asking again gets the same answer."""

FAILURES_MAX = 8
"""In that time; beyond, nothing is fetched at all."""

KEEP_SECONDS, HASTE_SECONDS = 4 * 3600, 60
"""How often a turn is told that a token is still asked for, since it is kept for a day; and how often once it
ends soon.
"""

END_SECONDS = 11.0
"""A turn ends within a second of TERM, within ten if it has to save a refresh token first."""

Command = Callable[[str], Sequence[str]]
"""What to run for a resource."""


@dataclass(frozen=True)
class Outcome:
    """`code` is the child's exit code, None while nobody knows; then, and after a failure, it is worth asking
    again in `retry_seconds`.
    """

    code: int | None
    retry_seconds: int = 0


@dataclass
class _Flight:
    """One child under way."""

    process: subprocess.Popen[bytes]
    done: threading.Event = field(default_factory=threading.Event)
    code: int | None = None


class Fetcher:
    """Runs children side by side, one for a resource; any thread may ask."""

    def __init__(
        self,
        command: Command,
        environ: Mapping[str, str] | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """`environ` is the children's; None for our own."""
        self._command = command
        self._environ = environ
        self._now = now
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight] = {}
        self._failed: dict[str, tuple[float, int]] = {}
        self._kept_on: dict[str, float] = {}
        self._waiting = 0
        self._closed = False

    def fetch(self, resource: str) -> Outcome:
        """Have the token of `resource` fetched, and wait for that, a bounded time."""
        with self._lock:
            if known := self._known_failure(resource):
                return known
            flight = self._flights.get(resource) or self._start(resource)
            if flight is None or self._waiting >= AT_ONCE:
                return Outcome(None, 1)
            self._waiting += 1
        try:
            flight.done.wait(self._wait_seconds)
        finally:
            with self._lock:
                self._waiting -= 1
        return Outcome(flight.code, PAUSE_SECONDS if flight.code else 1)

    def keep(self, resource: str, *, ends_soon: bool) -> None:
        """Have the loop told, now and then, that `resource` is still asked for; nobody waits for it."""
        with self._lock:
            pause = HASTE_SECONDS if ends_soon else KEEP_SECONDS
            due = self._now() >= self._kept_on.get(resource, float("-inf")) + pause
            if due and resource not in self._flights and not self._known_failure(resource):
                self._start(resource)

    @property
    def busy(self) -> bool:
        """Whether a child is under way."""
        with self._lock:
            return bool(self._flights)

    def close(self) -> None:
        """No more children; those under way may save what they got, and are ended if that takes too long."""
        with self._lock:
            self._closed = True
            flights = list(self._flights.values())
        for flight in flights:
            flight.process.terminate()
        until = time.monotonic() + END_SECONDS
        for flight in flights:
            if not flight.done.wait(max(until - time.monotonic(), 0)):
                flight.process.kill()

    def _known_failure(self, resource: str) -> Outcome | None:
        now = self._now()
        self._failed = {name: found for name, found in self._failed.items() if found[0] > now}
        if resource in self._failed:
            until, code = self._failed[resource]
            return Outcome(code, max(1, round(until - now)))
        return Outcome(None, PAUSE_SECONDS) if len(self._failed) >= FAILURES_MAX else None

    def _start(self, resource: str) -> _Flight | None:
        """With the lock held. None if there are enough, or it cannot be started."""
        if self._closed or len(self._flights) >= AT_ONCE:
            return None
        self._kept_on[resource] = self._now()
        with suppress(OSError):
            flight = self._flights[resource] = _Flight(
                subprocess.Popen(
                    self._command(resource),
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,  # a terminal's INT is for us, and we tell the child
                )
            )
            threading.Thread(target=self._await, args=(resource, flight), daemon=True).start()
            return flight
        return None

    def _await(self, resource: str, flight: _Flight) -> None:
        code = flight.process.wait()
        with self._lock:
            flight.code = code
            del self._flights[resource]
            if code:
                self._failed[resource] = self._now() + PAUSE_SECONDS, code
        flight.done.set()

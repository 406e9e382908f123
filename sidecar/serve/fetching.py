"""A token that is not there yet: one turn of `refresh` as a child, which asks the authority and no person.

The sign-in and its key are read by that child alone. All is bounded: whoever knows the secret may ask for
made-up resources, and every one that waits holds a thread of the web server.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.serve.outcomes import Outcome, Outcomes

AT_ONCE = 2
"""Children, and requests that wait for one: the web server has few threads, for everything."""

WAIT_SECONDS = 25.0
"""Clients give up after 30 or more."""

END_SECONDS = 11.0
"""A turn ends within a second of TERM, within ten if it has to save a refresh token first."""

Command = Callable[[str], Sequence[str]]
"""What to run for a resource."""

Reason = Callable[[str, int], str]
"""Why the child for a resource has ended with this exit code, in words."""


@dataclass
class _Flight:
    """One child under way. `publishes`: if all goes well, there is a new generation."""

    process: subprocess.Popen[bytes]
    signin: int | None
    publishes: bool
    done: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome = field(default_factory=lambda: Outcome(None, 1))


def beside(work: Callable[[], None]) -> None:
    """In a thread of its own.

    :raises RuntimeError: there may be no more
    """
    threading.Thread(target=work, daemon=True).start()


class Fetcher:
    """Runs children side by side, one for a resource; any thread may ask."""

    def __init__(
        self,
        command: Command,
        environ: Mapping[str, str] | None = None,
        *,
        reason: Reason = lambda _resource, _code: "",
        now: Callable[[], float] = time.monotonic,
        wait_seconds: float = WAIT_SECONDS,
        beside: Callable[[Callable[[], None]], None] = beside,
    ) -> None:
        """`environ` is the children's; None for our own."""
        self._command = command
        self._environ = environ
        self._reason = reason
        self._now = now
        self._wait_seconds = wait_seconds
        self._beside = beside
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight] = {}
        self._outcomes = Outcomes()
        self._waiting = 0
        self._closed = False

    def fetch(self, resource: str, *, signin: int | None = None) -> Outcome:
        """Have the token of `resource` fetched, and wait for that, a bounded time. `signin` is when somebody
        signed in: what failed for good before may succeed after.
        """
        with self._lock:
            flight = self._flights.get(resource)
            if flight is None:
                known = self._outcomes.objection(resource, signin=signin, now=self._now())
                if known := known or self._crowded():
                    return known
                flight = self._start(resource, signin, publishes=True)
            if flight is None or self._waiting >= AT_ONCE:
                return Outcome(None, 1)
            self._waiting += 1
        try:
            flight.done.wait(self._wait_seconds)
        finally:
            with self._lock:
                self._waiting -= 1
        return flight.outcome

    def keep(self, resource: str, *, ends_soon: bool, signin: int | None = None) -> None:
        """Have the loop told, now and then, that `resource` is still asked for; nobody waits for it."""
        with self._lock:
            now = self._now()
            if (
                self._outcomes.keeping_is_due(resource, ends_soon=ends_soon, now=now)
                and resource not in self._flights
                and not self._outcomes.objection(resource, signin=signin, now=now)
                and not (ends_soon and self._crowded())
                and self._start(resource, signin, publishes=ends_soon)
            ):
                self._outcomes.kept[resource] = now

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

    def _crowded(self) -> Outcome | None:
        under_way = sum(flight.publishes for flight in self._flights.values())
        return self._outcomes.crowded(under_way, now=self._now())

    def _start(self, resource: str, signin: int | None, *, publishes: bool) -> _Flight | None:
        """With the lock held. None if there are enough, or it cannot be started."""
        if self._closed or len(self._flights) >= AT_ONCE:
            return None
        try:
            process = subprocess.Popen(
                self._command(resource),
                env=self._environ,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a terminal's INT is for us, and we tell the child
            )
        except OSError:
            return None
        flight = _Flight(process, signin, publishes)
        try:
            self._beside(lambda: self._await(resource, flight))
        except RuntimeError:
            # Nobody would take notice of its end; it has done nothing yet.
            process.kill()
            process.wait()
            return None
        self._flights[resource] = flight
        return flight

    def _await(self, resource: str, flight: _Flight) -> None:
        code, reason = flight.process.wait(), ""
        try:
            reason = self._reason(resource, code) if code else ""
        finally:
            with self._lock:
                now = self._now()
                if code:
                    flight.outcome = self._outcomes.failed(
                        resource, code, reason, signin=flight.signin, now=now
                    )
                else:
                    flight.outcome = Outcome(0, 1)
                    if flight.publishes:
                        self._outcomes.published(resource, now=now)
                del self._flights[resource]
            flight.done.set()

"""What fetching has come to so far, and so what may be started now. All is bounded, whatever is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

FOR_GOOD = frozenset({64, 77, 78})
"""Exit codes of a turn after which asking again by itself does not help."""

PAUSE_SECONDS, FOR_GOOD_SECONDS = 10, 300
"""A failed fetch is not repeated before; asking again gets the same answer. The second is for FOR_GOOD: who
is told so and asks all the same costs no Python start each time.
"""

FAILURES_MAX = 8
"""In PAUSE_SECONDS; beyond, nothing is fetched at all."""

PUBLICATIONS_MAX, WINDOW_SECONDS = 6, 60
"""Fetched tokens in so many seconds. Each is a generation, and a superseded one stays for that long: without
a bound they would fill the volume that the loop needs.
"""

KEEP_SECONDS, HASTE_SECONDS = 4 * 3600, 60
"""How often a turn is told that a token is still asked for, since it is kept for a day; and how often once it
ends soon.
"""


@dataclass(frozen=True)
class Outcome:
    """`code` is the child's exit code, None while nobody knows; then, and after a failure, it is worth asking
    again in `retry_seconds`. `reason` is in words, "" if there is nothing to say.
    """

    code: int | None
    retry_seconds: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Failure:
    """Of a child; `signin` says of which sign-in it was."""

    code: int
    reason: str
    failed_on: float
    signin: int | None

    @property
    def until(self) -> float:
        """How long it is the answer."""
        return self.failed_on + (FOR_GOOD_SECONDS if self.code in FOR_GOOD else PAUSE_SECONDS)


@dataclass
class Outcomes:
    """Times are those of one clock that does not leap; a lock is the caller's affair. `kept` is when a turn
    was told last that a resource is asked for.
    """

    failures: dict[str, Failure] = field(default_factory=dict)
    publications: list[float] = field(default_factory=list)
    kept: dict[str, float] = field(default_factory=dict)

    def objection(self, resource: str, *, signin: int | None, now: float) -> Outcome | None:
        """What is known already, or stands against any fetch now; None if there may be one. A failure of
        another sign-in counts no more: somebody may have signed in because of it.
        """
        self._forget(now)
        failure = self.failures.get(resource)
        if failure and failure.signin == signin:
            return Outcome(failure.code, _seconds(failure.until - now), failure.reason)
        late = [each for each in self.failures.values() if each.failed_on > now - PAUSE_SECONDS]
        if len(late) >= FAILURES_MAX:
            return Outcome(None, PAUSE_SECONDS, "too many fetches have just failed")
        return None

    def crowded(self, under_way: int, *, now: float) -> Outcome | None:
        """Whether one more publication would be too many, beside the few `under_way`; None if not."""
        self._forget(now)
        free = PUBLICATIONS_MAX - under_way
        if len(self.publications) < free:
            return None
        left = self.publications[-free] + WINDOW_SECONDS - now
        return Outcome(None, _seconds(left), "as many as may be were fetched within a minute")

    def failed(self, resource: str, code: int, reason: str, *, signin: int | None, now: float) -> Outcome:
        """A child has ended with `code`; what to tell whoever waits for it."""
        failure = self.failures[resource] = Failure(code, reason, now, signin)
        return Outcome(code, _seconds(failure.until - now), reason)

    def published(self, resource: str, *, now: float) -> None:
        """A child has, and it knows now that `resource` is asked for."""
        self.publications.append(now)
        self.kept[resource] = now

    def keeping_is_due(self, resource: str, *, ends_soon: bool, now: float) -> bool:
        """Whether no turn was told for long enough that `resource` is asked for."""
        self._forget(now)
        pause = HASTE_SECONDS if ends_soon else KEEP_SECONDS
        return now >= self.kept.get(resource, -math.inf) + pause

    def _forget(self, now: float) -> None:
        """What has no consequence any more."""
        self.failures = {name: each for name, each in self.failures.items() if each.until > now}
        self.publications = [on for on in self.publications if on > now - WINDOW_SECONDS]
        self.kept = {name: on for name, on in self.kept.items() if on > now - KEEP_SECONDS}


def _seconds(left: float) -> int:
    return max(1, math.ceil(left))

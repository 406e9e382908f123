"""When to renew, when to try again, and when to wake: the only place that knows.

The renewal rule, in the order of `renewal_instant`:

1. Entra's `refresh_on` if it gave one, else the fraction `refresh_at` of the token's life;
2. moved by this pod's share of the jitter, at most a tenth of the life either way;
3. never past four fifths of the life, so that a retry still fits before expiry;
4. before readiness would miss it, and where the kubelet has to carry it to apps, as much earlier;
5. not in the first seconds, whatever was advised: ten renewals a minute at most.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sidecar.core.token import AccessToken

JITTER = 0.1
LATEST = 0.8
MARGIN = 0.05
MARGIN_MAX_SECONDS = 60
EARLIEST_SECONDS = 6
CARRY_SECONDS = 90
"""What the kubelet may take until an app sees what was written to a Secret it mounts: its sync period of a
minute and what its cache adds (kubernetes.io, "Mounted Secrets are updated automatically"; 27 to 75 s were
measured).
"""

CARRY_SHARE = 0.2
"""Of a token's life at most: a life that is too short for the kubelet must not make a hot loop."""

CARRIED_SECONDS = round(CARRY_SECONDS / CARRY_SHARE)
"""The shortest life whose tokens always reach apps before readiness misses them."""

RENEWAL_FLOOR_SECONDS = 2
RETRY_FIRST_SECONDS = 5
RETRY_MAX_SECONDS = 60
RETRY_SPREAD = 0.25
RETRY_AFTER_MAX_SECONDS = 3600
RETRY_AFTER_SPREAD_SECONDS = 60
WRITE_RETRY_SECONDS = 20
PROMPT_RETRY_FIRST_SECONDS = 30
PROMPT_RETRY_MAX_SECONDS = 600
REFUSED_RETRY_SECONDS = 300
BLOCKED_RETRY_FIRST_SECONDS = 900
BLOCKED_RETRY_MAX_SECONDS = 3600
LEAP_SECONDS = 30
CLOCK_OFFSET_SECONDS = 60
LIMIT = 10**12
"""Seconds beyond every clock: a file that says so is damaged."""


@dataclass(frozen=True)
class Attempts:
    """The record of trying for one token, or for the sign-in; it survives restarts in a file.

    `retry_on` holds back the next try; `failed_on` is the first failure of the present row. `blocked` counts
    the refusals by policy at its end. `waits`: there is none before a person may be asked, since it would be
    refused again. `kind` is what the last failure was, as docs/errors.md calls it, None where that was not
    kept. `on_demand`: somebody asked for it in vain, and nobody else wants it.
    """

    failures: int = 0
    retry_on: int = 0
    succeeded_on: int = 0
    failed_on: int | None = None
    error: str | None = None
    blocked: int = 0
    waits: bool = False
    kind: str | None = None
    on_demand: bool = False


@dataclass(frozen=True)
class Anchor:
    """Both clocks, read together. `boot_id` tells one boot of the machine from another."""

    wall: float
    boot: float
    boot_id: str


def anchor_from(record: Mapping[str, Any]) -> Anchor:
    """Read an anchor from JSON.

    :raises ValueError: it is none
    """
    try:
        anchor = Anchor(float(record["wall"]), float(record["boot"]), str(record["boot_id"]))
    except (KeyError, TypeError, OverflowError):
        raise ValueError("not an anchor") from None
    if not (abs(anchor.wall) < LIMIT and abs(anchor.boot) < LIMIT):
        raise ValueError("not an anchor")
    return anchor


def spread_of(identity: str) -> float:
    """This pod's place in its fleet, -1 to 1, the same at every turn: no state to keep."""
    digest = hashlib.sha256(identity.encode()).digest()
    return int.from_bytes(digest[:4], "big") / 0xFFFFFFFF * 2 - 1


def renewal_instant(token: AccessToken, *, refresh_at: float, spread: float, needed_seconds: int = 0) -> int:
    """When `token` should be renewed; see the rule above. `spread` is -1 to 1; `needed_seconds` is the
    life that readiness and carriage ask for.
    """
    life = max(token.life_seconds, 0)
    base = token.issued_on + life * refresh_at if token.refresh_on is None else token.refresh_on
    jittered = base + life * JITTER * spread
    margin = min(life * MARGIN, MARGIN_MAX_SECONDS)
    latest = token.issued_on + min(life * LATEST, life - needed_seconds - margin)
    earliest = token.issued_on + min(EARLIEST_SECONDS, life * LATEST)
    return math.floor(max(min(jittered, latest), earliest))


def ready_seconds(token: AccessToken, min_validity_seconds: int) -> int:
    """The life that readiness asks for: the setting, but never more than half of what was granted."""
    return min(min_validity_seconds, max(token.life_seconds, 0) // 2)


def carry_seconds(token: AccessToken, asked_seconds: int) -> int:
    """How much earlier `token` is renewed because somebody has to carry it to apps."""
    return min(asked_seconds, int(max(token.life_seconds, 0) * CARRY_SHARE))


def retry_seconds(failures: int, *, retry_after: int | None = None, spread: float = 0.0) -> int:
    """Between turns: 5 s doubling to 60 s; a server's Retry-After counts if longer, up to an hour.

    Pods that have failed in the same second shall not all come back in one: by its place in the fleet
    (`spread`, -1 to 1) each pod takes up to a quarter less than 5 … 60 s, and up to a quarter and a minute
    more than Retry-After, which it never undercuts.
    """
    place = abs(spread)
    own = min(RETRY_FIRST_SECONDS << min(max(failures - 1, 0), 8), RETRY_MAX_SECONDS)
    wish = max(min(retry_after or 0, RETRY_AFTER_MAX_SECONDS), 0)
    later = min(wish * RETRY_SPREAD, RETRY_AFTER_SPREAD_SECONDS) * place
    return max(_whole(own * (1 - RETRY_SPREAD * place), failures), _whole(wish + later, failures))


def _whole(seconds: float, time: int) -> int:
    """`seconds` rounded down or up, in turn, so that they are as long on average: there are no more than
    sixteen whole seconds from 45 to 60, and a sixteenth of a fleet would stay in step for ever.
    """
    time %= 1000
    return math.ceil(seconds * (time + 1)) - math.ceil(seconds * time)


def prompt_retry_seconds(failures: int) -> int:
    """Before a declined or overdue prompt is shown again: 30 s doubling to 10 min."""
    return min(PROMPT_RETRY_FIRST_SECONDS << min(max(failures - 1, 0), 8), PROMPT_RETRY_MAX_SECONDS)


def blocked_retry_seconds(times: int) -> int:
    """After `times` refusals by policy in a row: 15 min doubling to 1 h. People change policies."""
    return min(BLOCKED_RETRY_FIRST_SECONDS << min(max(times - 1, 0), 8), BLOCKED_RETRY_MAX_SECONDS)


def early_retry_seconds(failures: int, *, left_seconds: float) -> int:
    """Before a prompt is shown again for a sign-in that still has `left_seconds`: an eighth of them, an hour
    at most, but no sooner than any other prompt.
    """
    gentle = min(int(left_seconds) // 8, RETRY_AFTER_MAX_SECONDS)
    return max(prompt_retry_seconds(failures), gentle)


def failed(
    before: Attempts,
    *,
    now: float,
    pause_seconds: int,
    error: str,
    kind: str | None = None,
    blocked: bool = False,
) -> Attempts:
    """The record after one more failure; `blocked`: by policy."""
    return Attempts(
        failures=before.failures + 1,
        retry_on=math.ceil(now) + pause_seconds,
        succeeded_on=before.succeeded_on,
        failed_on=int(now) if before.failed_on is None else before.failed_on,
        error=error,
        blocked=before.blocked + 1 if blocked else 0,
        kind=kind,
    )


def moved(attempts: Attempts, *, seconds: float) -> Attempts:
    """The same record by a wall clock that was set forward by `seconds`: a pause stays as long as it was."""

    def by(instant: int) -> int:
        return max(round(instant + seconds), 0) if instant else 0

    return replace(
        attempts,
        retry_on=by(attempts.retry_on),
        succeeded_on=by(attempts.succeeded_on),
        failed_on=None if attempts.failed_on is None else by(attempts.failed_on),
    )


def held_back(attempts: Attempts, *, now: float) -> bool:
    """Whether the next try has to wait. A `retry_on` beyond any pause we give was set by a clock
    that has leapt since, and holds nothing back.
    """
    longest = RETRY_AFTER_MAX_SECONDS + RETRY_AFTER_SPREAD_SECONDS
    return now < attempts.retry_on <= now + longest + 1


def leap_seconds(before: Anchor | None, after: Anchor) -> float:
    """How far the wall clock moved by itself, 0 if it did not: both clocks advance alike through sleep
    and suspend. Less than half a minute may be a clock that is being corrected, and nobody knows of
    another boot.
    """
    if before is None or before.boot_id != after.boot_id:
        return 0.0
    seconds = (after.wall - before.wall) - (after.boot - before.boot)
    return seconds if abs(seconds) > LEAP_SECONDS else 0.0


def next_wake(instants: Iterable[int], *, now: float) -> int:
    """The earliest of `instants`, but at least one second away; a day from now if there are none."""
    return max(min(instants, default=math.ceil(now) + 86400), math.floor(now) + 1)

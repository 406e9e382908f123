"""Who may use the refresh token now: one holder of a Lease at a time, judged without comparing clocks.

A Lease is over when *we* have seen it unchanged for as long as it was taken for, by our own boot clock, as
client-go's leader election does; the instants in it are by its holder's clock, and for people. So what was
seen is kept from turn to turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sidecar.core.kubernetes.objects import Lease
from sidecar.core.schedule import LIMIT, Anchor
from sidecar.errors import LeaseHeld

DURATION_SECONDS = 60
"""A holder that died without a word keeps the others from renewing for so long; tokens are renewed minutes
before they end. It is four times the pause between two renewals of a Lease.
"""

RENEW_SECONDS = 15
NEEDED_SECONDS = 30
"""What is left of it before a refresh token is used: a request (10 s), the save, the copy."""

LONGEST_SECONDS = 300
"""Whatever somebody has written into it."""

BEHIND_SECONDS = 300
"""For others to show what is newer than ours, before we go on with what there is."""

BEHIND_PAUSE_SECONDS = 20
PAUSE_FIRST_SECONDS = 5
PAUSE_MAX_SECONDS = 60

SERIAL = "entra-token-sidecar/serial"
"""The annotation with the serial of the shared state, which outlives a deleted Secret."""


@dataclass(frozen=True)
class Sighting:
    """Somebody else's Lease: `since` is the second of our boot clock at which we first saw this `stamp`,
    `holder_since` the same for this holder.
    """

    holder: str
    stamp: str
    since: float
    holder_since: float
    boot_id: str


def free_for(lease: Lease, me: str) -> bool:
    """Whether nobody else holds it. Our own, of a turn that crashed, is free for us: the lock of the state
    directory says that no other turn of this pod is at work.
    """
    return not lease.holder or lease.holder == me


def sight(lease: Lease, before: Sighting | None, now: Anchor) -> Sighting:
    """What is known of somebody else's Lease, seen `now`; of another boot of this machine nothing is."""
    holder = lease.holder or ""
    stamp = f"{lease.acquired_on} {lease.renewed_on} {lease.transitions}"
    known = before if before is not None and before.boot_id == now.boot_id else None
    if known is None or known.holder != holder or known.since > now.boot:
        return Sighting(holder, stamp, now.boot, now.boot, now.boot_id)
    since = known.since if known.stamp == stamp else now.boot
    return Sighting(holder, stamp, since, known.holder_since, now.boot_id)


def left_seconds(lease: Lease, seen: Sighting, now: Anchor) -> float:
    """Until somebody else's Lease is over, if it is not renewed."""
    duration = min(max(lease.duration_seconds, 1), LONGEST_SECONDS)
    return seen.since + duration - now.boot


def held(lease: Lease, seen: Sighting, now: Anchor) -> LeaseHeld:
    """The error for it. The pause grows with the time that the same holder has it for: a prompt may stay open
    for an hour, of which the log is told in its first minute.
    """
    left = left_seconds(lease, seen, now)
    pause = max(now.boot - seen.holder_since, PAUSE_FIRST_SECONDS)
    error = LeaseHeld(f"{seen.holder[:100]} is at work: it holds the Lease {lease.name}")
    error.pause_seconds = int(min(pause, PAUSE_MAX_SECONDS, max(left, 0) + 1))
    error.told = pause > PAUSE_MAX_SECONDS
    return error


def behind_since(before: float | None, *, told_serial: int, claim: int, now: Anchor) -> float | None:
    """Since when, by our boot clock, others have something newer than our `claim`; None if they have not."""
    if told_serial <= claim:
        return None
    return now.boot if before is None or before > now.boot else before


def has_to_wait(since: float | None, now: Anchor) -> bool:
    """Whether the others still have time to show what they have."""
    return since is not None and now.boot - since < BEHIND_SECONDS


def taken(lease: Lease, me: str, *, now: float, serial: int) -> Lease:
    """The Lease as it is to be written by who takes it, or takes it over. `now` is the wall clock."""
    new = lease.holder != me
    return replace(
        lease,
        holder=me,
        duration_seconds=DURATION_SECONDS,
        acquired_on=now,
        renewed_on=now,
        transitions=lease.transitions + int(new),
        annotations=_with_serial(lease, serial),
    )


def renewed(lease: Lease, *, now: float, serial: int) -> Lease:
    """The same, for another duration."""
    return replace(
        lease,
        duration_seconds=DURATION_SECONDS,
        renewed_on=now,
        annotations=_with_serial(lease, serial),
    )


def released(lease: Lease, *, now: float, serial: int) -> Lease:
    """Nobody's, as client-go leaves it."""
    return replace(
        lease, holder=None, duration_seconds=1, renewed_on=now, annotations=_with_serial(lease, serial)
    )


def same_tenure(present: Lease, ours: Lease) -> bool:
    """Whether nobody has had it since `ours`: only something else of the object was changed."""
    return (present.holder, present.transitions) == (ours.holder, ours.transitions)


def serial_of(lease: Lease) -> int:
    """The serial of the newest state that anybody had; 0 if it does not say."""
    text = lease.annotations.get(SERIAL, "")
    return int(text) if text.isdecimal() and len(text) <= 15 else 0


def sighting_from(record: Any) -> Sighting | None:
    """Read it from JSON; None of anything else, which costs one duration."""
    try:
        since, holder_since = float(record["since"]), float(record["holder_since"])
        if not (abs(since) < LIMIT and abs(holder_since) < LIMIT):
            return None
        return Sighting(
            str(record["holder"]), str(record["stamp"]), since, holder_since, str(record["boot_id"])
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _with_serial(lease: Lease, serial: int) -> Mapping[str, str]:
    """It never falls."""
    return {**lease.annotations, SERIAL: str(max(serial, serial_of(lease)))}

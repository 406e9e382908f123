"""What the log and `status` are told of the shared state: each trouble once, and its end."""

from __future__ import annotations

from dataclasses import replace

from sidecar.adapters.log import Log
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.shared_record import Record
from sidecar.errors import ClusterError
from sidecar.kubernetes.local_copy import LocalCopy

PAUSE_MAX_SECONDS = 60
LOOK, TURN = "look", "turn"
"""Where a trouble arose: a look that ends well says nothing about a turn that writes."""


def in_trouble(record: Record, error: ClusterError, log: Log, *, where: str, now: float) -> Record:
    """The record with it. Told again if it is of another kind."""
    since = record.failing_since or int(now)
    # An outage of an hour is no reason for a turn every 20 s.
    error.pause_seconds = max(error.pause_seconds, min(int(now) - since, PAUSE_MAX_SECONDS))
    if record.kind != error.anchor():
        log.failure(
            "state.unshared",
            error,
            level="warning" if error.retryable else "error",
            retry_in_seconds=error.pause_seconds,
        )
    return replace(
        record,
        error=error.message,
        kind=error.anchor(),
        where=where if record.where != TURN else TURN,
        failing_since=since,
    )


def recovered(record: Record, log: Log, *, where: str, healed: bool = False) -> Record:
    """The record without its trouble, if `where` is where it arose or more. `healed`: what the others
    have was written from here.
    """
    over = record.kind is not None and (record.where == where or where == TURN)
    if healed:
        message = "the shared state was missing or behind, and is written from here"
    else:
        message = "the shared state can be read and written again"
    if healed or over:
        log.event("state.shared", message=message, serial=record.serial)
    return replace(record, error=None, kind=None, where=None, failing_since=None) if over else record


def set_aside(name: ObjectName, damaged: bytes | None, local: LocalCopy, log: Log) -> None:
    """What is of no use to anybody is kept, and told of once."""
    path = None if damaged is None else local.keep_aside(damaged)
    if path is not None:
        log.event(
            "cache.set_aside",
            level="warning",
            message=f"what is in the Secret {name} is no state of this program's",
            path=str(path),
            advice="It is written anew from what this pod has. See who else may write the Secret.",
        )

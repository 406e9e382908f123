"""What a pod remembers of the shared state from turn to turn: `shared.json` in the state directory."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from sidecar.core.kubernetes.lease import Sighting, sighting_from
from sidecar.core.schedule import LIMIT, Anchor, anchor_from


@dataclass(frozen=True)
class Record:
    """`secret` is its name; `replica` tells this state directory from others, and outlives the container.

    `serial`, `remote` and `local` are as of the last time that both agreed: the Secret's serial and digest,
    and the digest of the file here, which may have been written anew for the clocks of this machine. Another
    file than `local` is owed to the others. `shared_on` is when that was. `looked` is when the Secret was
    last read. `behind_since`, a second of the boot clock: others have something newer and have not shown it.
    `seen` is somebody else's Lease. `error` and `kind` are of the trouble that the log has told of, `where`
    says of which part of a turn, since `failing_since`.
    """

    secret: str = ""
    replica: str = ""
    serial: int = 0
    remote: str | None = None
    local: str | None = None
    shared_on: int | None = None
    looked: Anchor | None = None
    behind_since: float | None = None
    seen: Sighting | None = None
    holder: str | None = None
    error: str | None = None
    kind: str | None = None
    where: str | None = None
    failing_since: int | None = None


def to_text(record: Record) -> str:
    """JSON; the inverse of `from_text`."""
    return json.dumps(asdict(record))


def from_text(text: str | bytes) -> Record:
    """Read a record. Of anything else nothing is known: both are compared by what is in them."""
    try:
        found = json.loads(text)
        looked, behind = found["looked"], found["behind_since"]
        return Record(
            secret=str(found["secret"]),
            replica=str(found["replica"]),
            serial=_whole(found["serial"]) or 0,
            remote=_text(found["remote"]),
            local=_text(found["local"]),
            shared_on=_whole(found["shared_on"]),
            looked=None if looked is None else anchor_from(looked),
            behind_since=None if behind is None else float(behind),
            seen=None if found["seen"] is None else sighting_from(found["seen"]),
            holder=_text(found["holder"]),
            error=_text(found["error"]),
            kind=_text(found["kind"]),
            where=_text(found["where"]),
            failing_since=_whole(found["failing_since"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return Record()


def report(record: Record) -> dict[str, Any]:
    """For `status --json`."""
    return {
        "secret": record.secret,
        "serial": record.serial or None,
        "shared_on": record.shared_on,
        "holder": record.holder,
        "error": record.error,
        "failing_since": record.failing_since,
    }


def _whole(value: Any) -> int | None:
    if value is None:
        return None
    number = int(value)
    if not 0 <= number < LIMIT * 1000:
        raise ValueError("beyond every count")
    return number


def _text(value: Any) -> str | None:
    return None if value is None else str(value)

"""`shared.json`: who this pod is to the others, and what it knows of the shared state."""

from __future__ import annotations

import uuid
from contextlib import suppress
from pathlib import Path

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import SHARED
from sidecar.core.kubernetes import shared_record
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.shared_record import Record
from sidecar.errors import ConfigurationError
from sidecar.posix.files import read_plain, replace_text


class RecordFile:
    """`directory` is the private one. A volume that takes no more costs a comparison, nothing else."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / SHARED
        self._written: Record | None = None

    def read(self, secret: ObjectName, replica: str) -> Record:
        """What is known of this Secret; of another one nothing is."""
        found = known(self._path.parent)
        if found is None or found.secret != str(secret) or not found.replica:
            # A pod that is made anew under its old name is another one: its predecessor may still be at work.
            mine = found.replica if found is not None else ""
            found = Record(secret=str(secret), replica=mine or f"{replica}_{uuid.uuid4().hex[:8]}")
            self.write(found)
        else:
            self._written = found
        return found

    def write(self, record: Record) -> None:
        """Keep it, if there is news."""
        if record != self._written:
            with suppress(OSError):
                replace_text(self._path, shared_record.to_text(record))
                self._written = record


def known(directory: Path) -> Record | None:
    """What the last turn with a shared state left; None if there was none."""
    try:
        return shared_record.from_text(read_plain(directory / SHARED))
    except OSError:
        return None


def same_state(directory: Path, secret: ObjectName | None, *, demanded: bool, log: Log) -> None:
    """See to it that nobody uses a refresh token behind the others' back. `demanded`: the turn is run for
    `serve`, whose settings may not be the loop's; the loop's own decide.

    :raises ConfigurationError: the loop shares its state, and this turn would not, or elsewhere
    """
    record = known(directory)
    if record is None or not record.secret:
        return
    if demanded and record.secret != str(secret or ""):
        error = ConfigurationError(
            f"refresh keeps its state in the Secret {record.secret}, and these settings "
            + (f"name {secret}" if secret else "name none")
            + ": renewing from here could end the sign-in of all replicas",
            advice="Give serve the same SIDECAR_STATE_SECRET as refresh, and its API access; or leave "
            "SIDECAR_ON_DEMAND out of serve.",
        )
        log.failure("refresh.failed", error)
        raise error
    if not demanded and secret is None:
        with suppress(OSError):
            (directory / SHARED).unlink(missing_ok=True)

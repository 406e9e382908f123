"""A process that asks a server which does not answer, open to signals as a turn is outside of a hold."""

from __future__ import annotations

import sys
from pathlib import Path

from sidecar.adapters.http import HttpClient
from sidecar.posix.interrupts import Interrupted, Interrupts
from tests.adapters.http_clients import Shelf

if __name__ == "__main__":
    Interrupts().install()
    client = HttpClient(documents=Shelf(), ca_file=Path(sys.argv[2]), timeout_seconds=30)
    try:
        client.get(sys.argv[1])
    except Interrupted as interrupted:
        sys.exit(interrupted.exit_code)

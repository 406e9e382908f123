"""A turn that holds the lock until it is told a line, or killed."""

from __future__ import annotations

import sys
from pathlib import Path

from sidecar.adapters.state_dir import StateDirectory
from sidecar.posix.heart import Heart
from tests.posix.clocks import StandingClock

if __name__ == "__main__":
    directory = StateDirectory(Path(sys.argv[1]))
    with directory.locked(Heart(directory.heartbeat_file, StandingClock())):
        print("holding", flush=True)
        sys.stdin.readline()

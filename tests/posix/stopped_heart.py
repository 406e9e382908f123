"""A process that beats once and then hangs, with an own SIGALRM handler that would keep it alive."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from sidecar.posix.clock import SystemClock
from sidecar.posix.heart import Heart

if __name__ == "__main__":
    signal.signal(signal.SIGALRM, lambda *_: None)
    heart = Heart(Path(sys.argv[1]), SystemClock(), step_seconds=1)
    heart.beat()
    if sys.argv[2] == "finished":
        heart.stop()
    print("ready", flush=True)
    sys.stdin.readline()

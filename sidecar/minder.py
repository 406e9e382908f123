"""Runs the command that tells apps of new tokens, apart from the turn, which must not wait for it.

A process of its own session, without the turn's lock, memory and signals; it ends with the command, or
by ending it when its time is over.
"""

from __future__ import annotations

import json
import sys
import time

from sidecar.adapters.log import Log
from sidecar.posix.shell_command import COMMAND_SECONDS, run_command


def main() -> None:
    """Do what standard input says, and log what came of it."""
    order = json.load(sys.stdin)
    log = Log(**order["log"])
    started = time.monotonic()
    try:
        failure = run_command(order["command"], environ=order["environ"], seconds=COMMAND_SECONDS)
    except OSError as error:
        failure = error.strerror or type(error).__name__
    seconds = round(time.monotonic() - started, 1)
    if failure is None:
        log.event("publish.told", by="command", seconds=seconds)
    else:
        log.event("publish.untold", level="warning", by="command", cause=failure, seconds=seconds)


if __name__ == "__main__":
    main()

"""A process that is interrupted: asleep, while it holds signals back, or while it already leaves.

Given the name of the scene; it says `ready` when the signal may come and reads a line to go on.
"""

from __future__ import annotations

import sys
import time

from sidecar.posix.interrupts import Interrupted, Interrupts


def _say(line: str) -> None:
    print(line, flush=True)


def _asleep(_interrupts: Interrupts) -> None:
    _say("ready")
    time.sleep(60)


def _holding(interrupts: Interrupts) -> None:
    with interrupts.held():
        _say("ready")
        sys.stdin.readline()
        _say(f"pending {interrupts.pending}")
        with interrupts.held():
            pass
        _say("saved")
    _say("never said")


def _leaving(interrupts: Interrupts) -> None:
    try:
        _asleep(interrupts)
    finally:
        _say("leaving")
        sys.stdin.readline()
        _say("left in peace")


if __name__ == "__main__":
    owner = Interrupts()
    owner.install()
    try:
        {"asleep": _asleep, "holding": _holding, "leaving": _leaving}[sys.argv[1]](owner)
    except Interrupted as interrupted:
        sys.exit(interrupted.exit_code)

"""A process that is interrupted: asleep, while it holds signals back, while it already leaves, inside a
finalizer, or around a fork.

Given the name of the scene; it says `ready` when the signal may come and reads a line to go on.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from sidecar.posix.interrupts import Interrupted, Interrupts
from sidecar.posix.secrecy import proof_of_privacy


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


class _Finalized:
    """Interrupted where Python swallows what is raised."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


def _finalizing(_interrupts: Interrupts) -> None:
    _Finalized()
    time.sleep(60)


def _forking(_interrupts: Interrupts) -> None:
    """The signal goes to the whole group, as Ctrl-C does, while the stranger is being made."""
    os.register_at_fork(
        before=lambda: os.kill(os.getpid(), signal.SIGTERM),
        after_in_child=lambda: os.kill(os.getpid(), signal.SIGTERM),
    )
    try:
        proof_of_privacy(Path("/nowhere"), group=None)
    finally:
        _say("leaving")


if __name__ == "__main__":
    owner = Interrupts()
    owner.install()
    try:
        {
            "asleep": _asleep,
            "holding": _holding,
            "leaving": _leaving,
            "finalizing": _finalizing,
            "forking": _forking,
        }[sys.argv[1]](owner)
    except Interrupted as interrupted:
        sys.exit(interrupted.exit_code)

"""A shell command of the user's: run clean, given a time, ended with all that it has started."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

SHELL = "/bin/sh"
COMMAND_SECONDS = 30.0
KILL_SECONDS = 0.2
"""Between TERM and KILL: whoever gives up may have a second for all of it."""
TIMED_OUT = "time-out"

_DEFAULTS = frozenset(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}


def run_command(
    command: str,
    *,
    environ: Mapping[str, str],
    given: bytes = b"",
    seconds: float = COMMAND_SECONDS,
    over: threading.Event | None = None,
) -> str | None:
    """Run `sh -c command` in a session of its own with `given` on its standard input and its output on our
    standard error; no other descriptor, no signal ignored or blocked. None if it ended with 0, else why not:
    `exit code 3`, `signal 9`, `time-out`. After `seconds`, or as soon as `over` is set, its group is ended.

    :raises OSError: no process is to be had
    """
    over = over or threading.Event()
    pid = spawn([SHELL, "-c", command], environ=environ, given=given)
    until = time.monotonic() + seconds
    while (ended := _code_of(pid)) is None and not over.wait(0.02) and time.monotonic() < until:
        pass
    if ended is None:
        _end_group(pid)
        return TIMED_OUT if not over.is_set() else "given up"
    return None if ended == 0 else f"exit code {ended}" if ended > 0 else f"signal {-ended}"


def spawn(command: list[str], *, environ: Mapping[str, str], given: bytes, stdout: int = 2) -> int:
    """Start it as said above, and return its process id. `stdout` is the descriptor for its output.

    :raises OSError: no process is to be had
    """
    stdin = os.memfd_create("given")  # a pipe would have to be fed, and may be left by its reader
    try:
        os.write(stdin, given)
        os.lseek(stdin, 0, os.SEEK_SET)
        strange = [int(entry.name) for entry in Path("/proc/self/fd").iterdir() if int(entry.name) > 2]
        return os.posix_spawn(
            command[0],
            command,
            environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, stdin, 0),
                (os.POSIX_SPAWN_DUP2, stdout, 1),
                *[(os.POSIX_SPAWN_CLOSE, number) for number in strange if _inheritable(number)],
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=_DEFAULTS,
        )
    finally:
        os.close(stdin)


def _inheritable(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:  # the listing's own
        return False


def _code_of(pid: int) -> int | None:
    """Its exit code, minus N if signal N ended it; None while it runs."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return os.waitstatus_to_exitcode(status) if found else None


def _end_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
    until = time.monotonic() + KILL_SECONDS
    while _code_of(pid) is None and time.monotonic() < until:
        time.sleep(0.01)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)

"""Signals to processes of the app, which may be of another user or gone any moment."""

from __future__ import annotations

import errno
import os
import signal
import stat
from contextlib import suppress
from pathlib import Path

from sidecar.core.signal_target import Seen, SignalTarget, topmost

PROC = Path("/proc")
PID_FILE_MAX_BYTES = 64
_NO_PIDFD = (errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.ENOTSUP)
"""An old kernel, or a sandbox's filter."""


class NotSignalled(Exception):
    """Nobody got it; `advice` says what to change, and `absent` whether there was nobody to get it."""

    def __init__(self, reason: str, *, advice: str, absent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
        self.absent = absent


def send(target: SignalTarget) -> list[int]:
    """Send the signal, and return who got it. Never to process 1, to ourselves or to what we run under: the
    loop would renew at its own HUP.

    :raises NotSignalled: with the reason and the fix
    """
    signum = signal.Signals[f"SIG{target.signal}"]
    wanted = target.target or "?"
    spared = _above_us()
    by_name = not (wanted.isdecimal() or wanted.startswith("/"))
    if by_name:
        chosen = topmost(_seen(), wanted, spared=spared)
    else:
        chosen = [int(wanted) if wanted.isdecimal() else _from_file(wanted)]
        if chosen[0] in spared:
            raise NotSignalled(
                f"process {chosen[0]} is one of ours, or the first of its container",
                advice="Name a process of the app.",
            )
    told = [pid for pid in chosen if _signal(pid, signum, wanted if by_name else None)]
    if not told:
        raise NotSignalled(
            f"no process {wanted} is seen here",
            advice="Containers of a pod see each other's processes with shareProcessNamespace: true.",
            absent=True,
        )
    return told


def _signal(pid: int, signum: int, name: str | None) -> bool:
    """Whether it got it. Through a descriptor of the process, whose number another one may have by then."""
    descriptor = None
    try:
        try:
            descriptor = os.pidfd_open(pid)
        except OSError as error:
            if error.errno not in _NO_PIDFD:
                raise
        if name is not None and topmost(_seen_as(pid), name, spared=()) != [pid]:
            return False
        if descriptor is None:
            os.kill(pid, signum)
        else:
            signal.pidfd_send_signal(descriptor, signum)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        raise NotSignalled(
            f"process {pid} is another user's",
            advice="Run the sidecar with the app's uid (runAsUser), or use SIDECAR_ON_PUBLISH_COMMAND.",
        ) from None
    finally:
        if descriptor is not None:
            os.close(descriptor)
    return True


def _from_file(path: str) -> int:
    """The number in a pid file.

    :raises NotSignalled: it is not there, or holds none
    """
    advice = "Name the app's pid file, on a volume that the sidecar mounts too."
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            content = os.read(descriptor, PID_FILE_MAX_BYTES) if regular else b""
        finally:
            os.close(descriptor)
    except OSError as error:
        absent = isinstance(error, FileNotFoundError)
        raise NotSignalled(f"{path}: {error.strerror}", advice=advice, absent=absent) from None
    first = content.split()[:1]
    if not first or not first[0].isdigit() or not 0 < int(first[0]) < 2**31:
        raise NotSignalled(f"{path} holds no process id", advice=advice)
    return int(first[0])


def _seen() -> list[Seen]:
    return [seen for entry in PROC.iterdir() if entry.name.isdecimal() for seen in _seen_as(int(entry.name))]


def _seen_as(pid: int) -> list[Seen]:
    """One, or none if it is gone."""
    with suppress(OSError, ValueError, IndexError):
        program = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")[0]
        # The name stands in brackets and may hold brackets and spaces itself (proc(5)).
        head, _, tail = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")
        comm = head.partition("(")[2]
        return [Seen(pid, int(tail.split()[1]), comm, program.decode(errors="replace"))]
    return []


def _above_us() -> set[int]:
    """We, and every process that we run under, up to the first of the container."""
    found, pid = {0, 1}, os.getpid()
    while pid not in found:
        found.add(pid)
        for seen in _seen_as(pid):
            pid = seen.parent
    return found

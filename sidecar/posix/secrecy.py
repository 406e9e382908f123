"""What keeps secrets in: no core dumps, and a proof that another user cannot read the private directory."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

from sidecar.errors import DirectoryRefused
from sidecar.posix.directories import describe

STRANGER = 65534
"""nobody: a user that owns nothing."""

_DENIED, _ENTERED, _NOT_TRIED = 0, 1, 2


def forbid_core_dumps() -> None:
    """Memory with a refresh token in it is written nowhere when the process crashes.

    One byte and not none: a core_pattern that pipes to a program ignores a limit of 0 and takes 1 for "do not
    dump" (Linux, fs/coredump.c); files smaller than a page are not written either.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = 1 if hard == resource.RLIM_INFINITY else min(hard, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


def proof_of_privacy(private: Path, *, group: int | None) -> str:
    """How it is known that the app's side cannot read `private`: where this process may change users, a
    child has tried as a stranger in the tokens' `group`; else its mode says so.

    :raises DirectoryRefused: the stranger came in
    """
    gid = STRANGER if group is None else group
    # A signal to the whole group must not unwind the child through the turn's clean-up, and one raised in
    # an interpreter's hook around fork(2) would be swallowed there.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    try:
        child = os.fork()
        if not child:  # pragma: no cover - another process
            os._exit(_try_as(STRANGER, gid, private))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    outcome = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if outcome == _ENTERED:
        raise DirectoryRefused(
            f"SIDECAR_STATE_DIR: another user can read {private} ({describe(private)}): "
            f"uid {STRANGER} with gid {gid} was let in",
            advice="Use a volume of a file system that keeps owners and modes.",
        )
    if outcome == _DENIED:
        return f"uid {STRANGER} with gid {gid} tried and was denied"
    found = private.stat()
    return f"mode {found.st_mode & 0o7777:04o}, for uid {found.st_uid} alone"


def _try_as(uid: int, gid: int, private: Path) -> int:  # pragma: no cover - in the child
    try:
        os.setgroups([gid])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError:
        return _NOT_TRIED
    for attempt in (private, private / "cache", private / "lock"):
        try:
            os.close(os.open(attempt, os.O_RDONLY | os.O_NONBLOCK))
        except OSError:
            continue
        return _ENTERED
    return _DENIED

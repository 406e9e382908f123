"""What a directory is like, found out by trying; what is made for that is removed."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from sidecar.core.volume import Volume
from sidecar.posix.files import write_new

SAMPLE_BYTES = 16 << 10
"""More than a generation of some tokens, or a cache, takes."""


def look(path: Path) -> Volume:
    """Look without touching anything; links are followed.

    :raises OSError, RuntimeError: links lead nowhere, or not even a parent can be looked at
    """
    resolved = path.resolve()
    nearest = resolved
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    found, system = nearest.stat(), os.statvfs(nearest)
    return Volume(
        path=str(resolved),
        nearest=str(nearest),
        exists=nearest == resolved,
        is_directory=stat.S_ISDIR(found.st_mode),
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        free_bytes=system.f_bavail * system.f_frsize,
        free_inodes=system.f_favail if system.f_files else None,
        read_only=bool(system.f_flag & os.ST_RDONLY),
        reachable=os.access(nearest, os.W_OK | os.X_OK),
    )


def try_writing(folder: Path, *, prefix: str, mode: int, group: int | None) -> None:
    """Make a file in `folder` as durably as our own, give it `group`, and remove it.

    :raises OSError: a token or a sign-in could not be kept there either
    """
    path = folder / f"{prefix}{secrets.token_hex(4)}"
    try:
        write_new(path, bytes(SAMPLE_BYTES), mode=mode, group=group)
    finally:
        path.unlink(missing_ok=True)

"""Which errors a file system can answer a call with, as the manual pages have them."""

from __future__ import annotations

import errno
import os

from tests.torture.kills.strace import Call

SPACE = ("ENOSPC", "EDQUOT")

CREATE = (*SPACE, "EROFS", "EACCES", "EIO")

BY_NAME: dict[str, tuple[str, ...]] = {
    "mkdir": CREATE,
    "symlink": CREATE,
    "rename": CREATE,
    "write": (*SPACE, "EIO"),
    "pwrite64": (*SPACE, "EIO"),
    "fsync": (*SPACE, "EIO"),
    "close": (*SPACE, "EIO"),  # of a file that was written, over a network
    "unlink": ("EROFS", "EACCES", "EIO"),
    "unlinkat": ("EROFS", "EACCES", "EIO"),
    "rmdir": ("EROFS", "EACCES", "EIO"),
    "chmod": ("EROFS", "EACCES", "EIO"),
    "fchmod": ("EROFS", "EIO"),
    "utimensat": ("EROFS", "EACCES", "EIO"),
    "access": ("EROFS", "EACCES", "EIO"),
    "statfs": ("EACCES", "EIO"),
    "readlink": ("EACCES", "EIO"),
    "newfstatat": ("EACCES", "EIO"),
    "read": ("EIO",),
    "getdents64": ("EIO",),
}
"""`lseek` and `ioctl(TCGETS)` of a regular file, and `flock`, ask no disk: none of these errors is theirs."""


def possible(call: Call) -> tuple[str, ...]:
    """The errors that make sense for this call."""
    if call.name == "openat":
        return (*CREATE, "EMFILE") if "O_CREAT" in call.words else ("EACCES", "EIO", "EMFILE")
    if call.name == "newfstatat" and "AT_EMPTY_PATH" in call.words:
        return ("EIO",)
    return BY_NAME.get(call.name, ())


def words_of(error: str) -> str:
    """What the operating system calls it."""
    return os.strerror(getattr(errno, error))

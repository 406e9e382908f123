"""Files that are whole or absent: written aside, made durable, then renamed into place."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PLAIN_MAX_BYTES = 4 << 20


@dataclass(frozen=True)
class SetAside:
    """A file that could not be used and was kept under another name."""

    reason: str
    path: Path


def write_durably(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace `path` by `content` so that a crash at any moment leaves the old or the new file.

    The temporary file has its final mode before its first byte and is removed if anything fails.

    :raises OSError: the directory is missing, read-only or full
    """
    aside = unfinished(path)
    try:
        write_new(aside, content, mode=mode)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def replace_text(path: Path, text: str) -> None:
    """Replace a small file in one step, without waiting for the disk: for what can be made anew.

    :raises OSError: the directory is missing, read-only or full
    """
    aside = unfinished(path)
    try:
        with _create(aside, 0o600) as file:
            file.write(text.encode())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def unfinished(path: Path) -> Path:
    """Where the next content of a file is written; a process that is killed may leave it."""
    return path.with_name(f".{path.name}.new")


def read_plain(path: Path) -> bytes:
    """Read a small file where somebody else may have put a link, a FIFO or something endless.

    :raises OSError: it is missing, or one of these
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > PLAIN_MAX_BYTES:
            raise OSError(errno.EINVAL, "not a small file")
        return file.read(PLAIN_MAX_BYTES)


def read_given(path: Path, *, most: int, follow: bool = True) -> bytes:
    """Read a small file that a person or a platform has put there. Where that may be somebody who cannot read
    what we can, links are not followed; a FIFO holds nobody up.

    :raises OSError: it is missing, no plain file, or longer than `most` bytes
    """
    if not follow and path.is_symlink():
        raise OSError(errno.ELOOP, "is a link")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is no plain file")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"is longer than {most >> 10} KiB")
    return content


def write_new(path: Path, content: bytes, *, mode: int, group: int | None = None) -> None:
    """Write a file with its final mode and group and make its content durable.

    :raises OSError: as above, or the group is not ours to give
    """
    with _create(path, mode) as file:
        if group is not None:
            os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(path: Path, mode: int) -> BinaryIO:
    """Open a new file with exactly `mode`: the umask narrows what open() grants, fchmod does not."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode & 0o600)
    try:
        os.fchmod(descriptor, mode)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "wb")

"""One generation of token files: written whole, with their final mode and group, before anybody sees it."""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.formats import Document
from sidecar.core.token import UNNAMED
from sidecar.posix.files import read_plain, sync_directory, write_new


@dataclass(frozen=True)
class Access:
    """Who may read: `mode` of the files, `group` by number; None leaves what the volume gives."""

    mode: int = 0o640
    group: int | None = None

    @property
    def directory_mode(self) -> int:
        """Whoever may read a file may also enter its directory: 0640 becomes 0750."""
        return self.mode | 0o700 | ((self.mode & 0o044) >> 2)


def name_of_new(now: float) -> str:
    """As the kubelet names them: UTC to the second, then something that makes it unique."""
    stamp = time.strftime("..%Y_%m_%d_%H_%M_%S", time.gmtime(now))
    return f"{stamp}.{time.monotonic_ns() % 10**12:012d}"


def write(path: Path, contents: Mapping[str, str], access: Access) -> None:
    """Make the directory `path` and all files of `contents` in it, durably. They are in `path` itself or in
    directories below it.

    :raises OSError: the directory is read-only or full, or the group is not ours to give
    """
    _make_directory(path, access)
    folders = folders_of(contents)
    for folder in folders:
        _make_directory(path / folder, access)
    for file, content in contents.items():
        write_new(path / file, content.encode(), mode=access.mode, group=access.group)
    for folder in folders:
        _finish_directory(path / folder, access)
    _finish_directory(path, access)


def folders_of(contents: Iterable[str]) -> list[str]:
    """`graph` of `graph/token`, each once and in order."""
    return sorted({file.partition("/")[0] for file in contents if "/" in file})


def write_sample(path: Path, access: Access) -> None:
    """Make the directory `path` and a file of some size in it, as `write` would.

    :raises OSError: `write` would fail too
    """
    _make_directory(path, access)
    write_new(path / "token", b"x" * 4096, mode=access.mode, group=access.group)


def read(path: Path) -> dict[str, Document]:
    """The documents by token name; unreadable entries are left out."""
    try:
        names = [UNNAMED, *(entry.name for entry in os.scandir(path) if entry.is_dir())]
    except OSError:
        return {}
    found = {name: _read_document(path / name / "token.json") for name in names}
    return {name: document for name, document in found.items() if document is not None}


def read_further(path: Path, known: Iterable[str]) -> dict[str, str]:
    """The text of the files in `path` itself that are not `known`; unreadable ones are left out."""
    found = {}
    with suppress(OSError):
        for name in {entry.name for entry in os.scandir(path) if not entry.is_dir()} - set(known):
            with suppress(OSError, ValueError):
                found[name] = read_plain(path / name).decode()
    return found


def read_all(path: Path) -> tuple[dict[str, str], Access]:
    """The text of every file by path, and who may read them.

    :raises OSError: something of it cannot be read, or is no text
    """
    files = [Path(entry.path) for entry in os.scandir(path)]
    files = [inner for file in files for inner in (file.iterdir() if file.is_dir() else (file,))]
    found = {file.relative_to(path).as_posix(): read_plain(file) for file in sorted(files)}
    try:
        texts = {name: content.decode() for name, content in found.items()}
    except UnicodeDecodeError as error:
        raise OSError(errno.EILSEQ, "not a text of ours") from error
    status, above = (files[0] if files else path).lstat(), path.parent.lstat()
    given = above.st_gid if above.st_mode & stat.S_ISGID else os.getegid()
    group = None if status.st_gid == given else status.st_gid
    return texts, Access(stat.S_IMODE(status.st_mode) & 0o666, group)


def is_whole(path: Path, contents: Mapping[str, str], access: Access) -> bool:
    """Whether the files of `contents` are there, and no others, with the mode and the group of `access`."""
    folders = ["", *folders_of(contents)]
    try:
        there = {part for folder in folders for part in (path / folder).iterdir()}
        return (
            there == {path / part for part in (*contents, *folders[1:])}
            and all(_allows((path / folder).lstat(), access.directory_mode, access) for folder in folders)
            and all(_holds(path / file, content.encode(), access) for file, content in contents.items())
        )
    except OSError:
        return False


def _holds(file: Path, content: bytes, access: Access) -> bool:
    found = file.lstat()
    if found.st_size != len(content):
        return False
    return _allows(found, access.mode, access) and read_plain(file) == content


def _allows(found: os.stat_result, mode: int, access: Access) -> bool:
    group = found.st_gid if access.group is None else access.group
    return (stat.S_IMODE(found.st_mode), found.st_gid) == (mode, group)


def _make_directory(path: Path, access: Access) -> None:
    path.mkdir(mode=0o700)
    if access.group is not None:
        os.chown(path, -1, access.group)


def _finish_directory(path: Path, access: Access) -> None:
    """Opened to readers only when it is whole."""
    sync_directory(path)
    path.chmod(access.directory_mode)


def _read_document(path: Path) -> Document | None:
    try:
        document = json.loads(read_plain(path))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None

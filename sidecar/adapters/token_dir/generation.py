"""One generation of token files: written whole, with their final mode and group, before anybody sees it."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.token import UNNAMED
from sidecar.posix.files import read_plain, sync_directory, write_new

FILES = ("token.json", "expires_on", "token")

Document = Mapping[str, str | int | None]
"""The content of a `token.json`."""


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


def write(path: Path, documents: Mapping[str, Document], access: Access) -> None:
    """Make the directory `path` and all files of `documents` in it, durably.

    :raises OSError: the directory is read-only or full, or the group is not ours to give
    """
    _make_directory(path, access)
    for name, document in sorted(documents.items()):
        folder = path / name
        if name != UNNAMED:
            _make_directory(folder, access)
        contents = {
            "token": str(document["access_token"]),
            "token.json": json.dumps(document) + "\n",
            "expires_on": f"{document['expires_on']}\n",
        }
        for file in FILES:
            write_new(folder / file, contents[file].encode(), mode=access.mode, group=access.group)
        if name != UNNAMED:
            _finish_directory(folder, access)
    _finish_directory(path, access)


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


def is_whole(path: Path, documents: Mapping[str, Document], access: Access) -> bool:
    """Whether all files of `documents` are there, and all has the mode and the group of `access`."""
    for name in {UNNAMED, *documents}:
        files = FILES if name in documents else ()
        modes = [(path / name, access.directory_mode), *((path / name / file, access.mode) for file in files)]
        for part, mode in modes:
            try:
                found = part.lstat()
            except FileNotFoundError:
                return False
            group = found.st_gid if access.group is None else access.group
            if (stat.S_IMODE(found.st_mode), found.st_gid) != (mode, group):
                return False
    return True


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

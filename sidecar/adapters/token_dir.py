"""The token directory: generations swapped by one rename, as the kubelet publishes Secrets.

    token       -> ..data/token            what apps open
    graph       -> ..data/graph
    ..data      -> ..2026_01_31_12_00_00.123456789
    ..2026_01_31_12_00_00.123456789/token, token.json, expires_on, graph/…

Every file is complete whenever it is opened. A superseded generation stays for a minute, and the
last one always, so that a reader which has just resolved `..data` still finds its files.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.token import UNNAMED
from sidecar.posix.files import sync_directory, write_new

DATA = "..data"
UNDER_WAY = "..new"
LINK_ASIDE = "..link"
FILES = ("token.json", "expires_on", "token")
KEEP_SECONDS = 60
SWEEP_SECONDS = 10

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


class TokenDirectory:
    """`path` exists and is writable; it may be the root of a mount and is left as it is."""

    def __init__(self, path: Path, access: Access) -> None:
        self._path = path
        self._access = access
        self._swept_on = -math.inf
        self._linked: list[str] | None = None

    @property
    def path(self) -> Path:
        """The directory that apps mount."""
        return self._path

    def published(self) -> dict[str, Document]:
        """What readers see now, by token name; unreadable entries are left out."""
        try:
            generation = self._path / (self._path / DATA).readlink()
            names = [UNNAMED, *(entry.name for entry in os.scandir(generation) if entry.is_dir())]
        except OSError:
            return {}
        found = {name: _read_document(generation / name / "token.json") for name in names}
        return {name: document for name, document in found.items() if document is not None}

    def publish(self, documents: Mapping[str, Document], *, now: float) -> None:
        """Write a new generation and swap it in; a failure leaves the old one and nothing else behind.

        :raises OSError: the directory is read-only or full, or the group is not ours to give
        """
        current = self._current()
        self._sweep(current, now=now)
        generation = self._path / _generation_name(now)
        try:
            self._write_generation(self._path / UNDER_WAY, documents)
            (self._path / UNDER_WAY).rename(generation)
            if current is not None:
                # From here on it counts as superseded: the sweep goes by this time.
                with suppress(PermissionError):  # made by another uid, before a change of users
                    os.utime(current, (now, now))
            self._point(DATA, generation.name)
        except BaseException:
            (self._path / LINK_ASIDE).unlink(missing_ok=True)
            shutil.rmtree(self._path / UNDER_WAY, ignore_errors=True)
            if self._current() != generation:
                shutil.rmtree(generation, ignore_errors=True)
            raise
        sync_directory(self._path)
        self._link(documents)

    def mend(self, documents: Mapping[str, Document]) -> bool:
        """Whether `documents` are what readers see, with today's mode and group. Links that a crash
        left unmade are made.

        :raises OSError: the directory is read-only or full
        """
        current = self._current()
        if current is None or self.published() != documents:
            return False
        name = next(iter(sorted(documents)))
        if not all((current / name / file).is_file() for name in documents for file in FILES):
            return False
        found = (current / name / "token").stat()
        group = found.st_gid if self._access.group is None else self._access.group
        if (stat.S_IMODE(found.st_mode), found.st_gid) != (self._access.mode, group):
            return False
        self._link(documents)
        return True

    def rehearse(self) -> None:
        """Write a file as a publication would, and remove it.

        :raises OSError: a publication would fail too
        """
        folder = self._path / UNDER_WAY
        shutil.rmtree(folder, ignore_errors=True)
        try:
            self._make_directory(folder)
            write_new(folder / "token", b"x" * 4096, mode=self._access.mode, group=self._access.group)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def withdraw(self) -> None:
        """Take back everything that is published, at once and without a grace time.

        :raises OSError: the directory is read-only
        """
        names = [entry.name for entry in os.scandir(self._path) if self._is_our_link(entry.name)]
        for name in [DATA, *names]:
            (self._path / name).unlink(missing_ok=True)
        for generation in self._generations():
            shutil.rmtree(generation)
        sync_directory(self._path)

    def _write_generation(self, generation: Path, documents: Mapping[str, Document]) -> None:
        self._make_directory(generation)
        for name, document in sorted(documents.items()):
            folder = generation / name
            if name != UNNAMED:
                self._make_directory(folder)
            contents = {
                "token": str(document["access_token"]),
                "token.json": json.dumps(document) + "\n",
                "expires_on": f"{document['expires_on']}\n",
            }
            for file in FILES:
                write_new(
                    folder / file, contents[file].encode(), mode=self._access.mode, group=self._access.group
                )
            if name != UNNAMED:
                self._finish_directory(folder)
        self._finish_directory(generation)

    def _make_directory(self, path: Path) -> None:
        path.mkdir(mode=0o700)
        if self._access.group is not None:
            os.chown(path, -1, self._access.group)

    def _finish_directory(self, path: Path) -> None:
        """Opened to readers only when it is whole."""
        sync_directory(path)
        path.chmod(self._access.directory_mode)

    def _link(self, documents: Mapping[str, Document]) -> None:
        """The names that apps open; `token` last, so that who waits for it finds all the others."""
        wanted = [name for name in documents if name != UNNAMED]
        if UNNAMED in documents:
            wanted += FILES
        made = False
        for name in wanted:
            if not self._is_our_link(name):
                self._point(name, f"{DATA}/{name}")
                made = True
        if wanted != self._linked:
            made |= self._unlink_all_but(wanted)
        if made:
            sync_directory(self._path)
        self._linked = wanted

    def _unlink_all_but(self, wanted: list[str]) -> bool:
        """Remove the names of tokens that are no longer published; whether there were any."""
        names = [entry.name for entry in os.scandir(self._path) if self._is_our_link(entry.name)]
        gone = [name for name in names if name not in wanted]
        for name in gone:
            (self._path / name).unlink()
        return bool(gone)

    def _point(self, name: str, target: str) -> None:
        """Make or change a symbolic link in one step."""
        aside = self._path / LINK_ASIDE
        aside.symlink_to(target)
        try:
            aside.replace(self._path / name)
        except OSError:
            aside.unlink()
            raise

    def _sweep(self, current: Path | None, *, now: float) -> None:
        """Remove what a crash left and what was superseded long ago; `current` will be the one kept.

        Listed only every few seconds: swaps in a tight loop would cost the square of their number.
        """
        (self._path / LINK_ASIDE).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            shutil.rmtree(self._path / UNDER_WAY)
        if 0 <= now - self._swept_on < SWEEP_SECONDS:
            return
        for generation in self._generations():
            # A time in the future was set before the clock went back.
            age = abs(now - generation.stat().st_mtime)
            if generation != current and age >= KEEP_SECONDS:
                with suppress(PermissionError):
                    shutil.rmtree(generation)
        self._swept_on = now

    def _current(self) -> Path | None:
        try:
            generation = self._path / (self._path / DATA).readlink()
        except OSError:
            return None
        return generation if generation.is_dir() else None

    def _generations(self) -> list[Path]:
        return [
            Path(entry.path)
            for entry in os.scandir(self._path)
            if entry.name.startswith("..") and entry.is_dir(follow_symlinks=False)
        ]

    def _is_our_link(self, name: str) -> bool:
        with suppress(OSError):
            return (self._path / name).readlink() == Path(DATA, name)
        return False


def _generation_name(now: float) -> str:
    """As the kubelet names them: UTC to the second, then something that makes it unique."""
    stamp = time.strftime("..%Y_%m_%d_%H_%M_%S", time.gmtime(now))
    return f"{stamp}.{time.monotonic_ns() % 10**12:012d}"


def _read_document(path: Path) -> Document | None:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None

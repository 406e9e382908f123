"""What apps open, and which generation it leads to.

    token       -> ..data/token            what apps open
    graph       -> ..data/graph
    ..data      -> ..2026_01_31_12_00_00.123456789
    ..2026_01_31_12_00_00.123456789/token, token.json, expires_on, graph/…, nginx.conf

Every file is complete whenever it is opened. A superseded generation stays for a minute, and the
last one always, so that a reader which has just resolved `..data` still finds its files. That minute is
one of the boot clock, which does not leap: when a generation is superseded, its modification time is
set to that clock's reading.
"""

from __future__ import annotations

import math
import os
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sidecar.adapters.token_dir import generation as generations
from sidecar.adapters.token_dir.generation import Access
from sidecar.core.formats import FILES, FORMATS, Document, files_of
from sidecar.core.schedule import Anchor
from sidecar.posix.files import sync_directory

DATA = "..data"
UNDER_WAY = "..new"
LINK_ASIDE = "..link"
NOTHING: Mapping[str, str] = {}
KEEP_SECONDS = 60
SWEEP_SECONDS = 10


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

    @property
    def filled(self) -> bool:
        """Whether a generation is there, as `entrypoint.sh probe` asks."""
        return (self._path / DATA).is_dir()

    def published(self) -> dict[str, Document]:
        """What readers see now, by token name; unreadable entries are left out."""
        current = self._current()
        return generations.read(current) if current else {}

    def further(self) -> dict[str, str]:
        """What readers see at the root beside the files of tokens, by name."""
        current = self._current()
        return generations.read_further(current, (*FILES, *FORMATS)) if current else {}

    def adopt(self) -> dict[str, str]:
        """All that readers see, by path. Whatever the settings are, what is published from here on has the
        mode and the group that stand.

        :raises OSError: something of it cannot be read
        """
        current = self._current()
        if current is None:
            return {}
        contents, self._access = generations.read_all(current)
        return contents

    def publish(
        self, documents: Mapping[str, Document], *, at: Anchor, further: Mapping[str, str] = NOTHING
    ) -> None:
        """Write a new generation and swap it in; a failure leaves the old one and nothing else behind.
        `further` are texts by path: other files in it than the three of each token.

        :raises OSError: the directory is read-only or full, or the group is not ours to give
        """
        contents = {**files_of(documents), **further}
        current = self._current()
        self._sweep(current, boot=at.boot)
        generation = self._path / generations.name_of_new(at.wall)
        try:
            generations.write(self._path / UNDER_WAY, contents, self._access)
            (self._path / UNDER_WAY).rename(generation)
            if current is not None:
                # From here on it counts as superseded: the sweep goes by this time.
                with suppress(PermissionError):  # made by another uid, before a change of users
                    os.utime(current, (at.boot, at.boot))
            self._point(DATA, generation.name)
        except BaseException:
            for leftover in (LINK_ASIDE, UNDER_WAY):
                with suppress(OSError):
                    _clear(self._path / leftover)
            if self._current() != generation:
                shutil.rmtree(generation, ignore_errors=True)
            raise
        sync_directory(self._path)
        self._link(contents)

    def mend(self, documents: Mapping[str, Document], *, further: Mapping[str, str] = NOTHING) -> bool:
        """Whether `documents` and `further` are what readers see, with today's mode and group. Links that a
        crash left unmade are made.

        :raises OSError: the directory is read-only or full
        """
        contents = {**files_of(documents), **further}
        current = self._current()
        if current is None or not generations.is_whole(current, contents, self._access):
            return False
        self._link(contents)
        return True

    def rehearse(self) -> None:
        """Write a file as a publication would, and remove it.

        :raises OSError: a publication would fail too
        """
        folder = self._path / UNDER_WAY
        _clear(folder)
        try:
            generations.write_sample(folder, self._access)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def withdraw(self) -> None:
        """Take back everything that is published, at once and without a grace time.

        :raises OSError: the directory is read-only
        """
        current = self._current()
        names = [entry.name for entry in os.scandir(self._path) if self._is_our_link(entry.name)]
        for name in [DATA, *names]:
            _clear_ours(self._path / name)
        if current is not None:
            _clear(current)
        for generation in self._generations():
            _clear_ours(generation)
        sync_directory(self._path)

    def _link(self, contents: Mapping[str, str]) -> None:
        """The names that apps open; `token` last, so that who waits for it finds all the others."""
        names = dict.fromkeys(file.partition("/")[0] for file in contents)
        wanted = [name for name in names if name not in FILES] + [name for name in FILES if name in names]
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
        """Remove the names of what is no longer published; whether there were any."""
        names = [entry.name for entry in os.scandir(self._path) if self._is_our_link(entry.name)]
        gone = [name for name in names if name not in wanted]
        for name in gone:
            _clear_ours(self._path / name)
        return bool(gone)

    def _point(self, name: str, target: str) -> None:
        """Make or change a symbolic link in one step."""
        aside = self._path / LINK_ASIDE
        _clear(aside)  # left by a crash right here, it would stand in the way for good
        aside.symlink_to(target)
        try:
            if (self._path / name).is_dir() and not (self._path / name).is_symlink():
                (self._path / name).rmdir()
            aside.replace(self._path / name)
        except OSError:
            aside.unlink()
            raise

    def _sweep(self, current: Path | None, *, boot: float) -> None:
        """Remove what a crash left and what was superseded long ago; `current` will be the one kept.

        Listed only every few seconds: swaps in a tight loop would cost the square of their number.
        """
        _clear(self._path / UNDER_WAY)
        if 0 <= boot - self._swept_on < SWEEP_SECONDS:
            return
        for generation in self._generations():
            # A time to come is one of the wall clock, of a generation that no reader was led to, or one
            # of another boot, and its readers are gone. A second is left for rounding.
            age = boot - generation.stat().st_mtime
            if generation != current and not -1 < age < KEEP_SECONDS:
                with suppress(OSError):
                    shutil.rmtree(generation)
        self._swept_on = boot

    def _current(self) -> Path | None:
        """What `..data` leads to, unless somebody else made it lead out of the directory."""
        try:
            target = (self._path / DATA).readlink()
        except OSError:
            return None
        generation = self._path / target.name
        ours = str(target) == target.name and generation.is_dir() and not generation.is_symlink()
        return generation if ours else None

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


def _clear(path: Path) -> None:
    """Remove whatever is there. Links are not followed, and a FIFO is not opened, as `rmtree` would.

    :raises OSError: with `path` as its file name
    """
    try:
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def _clear_ours(path: Path) -> None:
    """The same, but what somebody else put there, and only they can remove, is left."""
    try:
        _clear(path)
    except PermissionError:
        if path.lstat().st_uid == os.geteuid():
            raise

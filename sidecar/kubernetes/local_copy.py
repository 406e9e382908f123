"""The cache file of this pod, as the one side of what is shared."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sidecar.core.envelope import Remembered
from sidecar.core.kubernetes.shared_copy import digest_of
from sidecar.posix.files import write_durably

ASIDE = "shared.damaged"


class LocalCopy:
    """`look` reads a cache file."""

    def __init__(self, path: Path, *, look: Callable[[bytes], Remembered]) -> None:
        self._path = path
        self._look = look

    def content(self) -> bytes | None:
        """As it lies there; None if nothing does.

        :raises OSError: it cannot be read
        """
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def digest(self) -> str | None:
        """Of the content."""
        content = self.content()
        return None if content is None else digest_of(content)

    def opened(self) -> Remembered | None:
        """What is in it; None if nothing, or nothing of use.

        :raises CacheSealed: no key opens it
        """
        content = self.content()
        try:
            return None if content is None else self._look(content)
        except (ValueError, KeyError, RecursionError):
            return None

    def write(self, content: bytes) -> None:
        """Make it what others have.

        :raises OSError: the directory is read-only or full; it is as it was
        """
        write_durably(self._path, content)

    def keep_aside(self, content: bytes) -> Path | None:
        """Keep what was found in the place of the shared state; only the last of it. None if it was kept
        already, or cannot be.
        """
        path = self._path.with_name(ASIDE)
        with suppress(OSError):
            if path.is_file() and path.read_bytes() == content:
                return None
            write_durably(path, content)
            return path
        return None

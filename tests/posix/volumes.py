"""Real volumes of 64 KiB: they can be filled, freed and turned read-only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

VOLUME_BYTES = 64 << 10


class Volume:
    """A mounted tmpfs; `path` is its root."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self, *, leave_bytes: int = 0) -> None:
        """Take all space but `leave_bytes`, which count in whole pages."""
        system = os.statvfs(self.path)
        self._ballast.write_bytes(bytes(system.f_bavail * system.f_frsize - leave_bytes))

    def free(self) -> None:
        """Give it back."""
        self._ballast.unlink()

    def make_read_only(self) -> None:
        """As a volume mounted with `readOnly: true`."""
        subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)


@contextmanager
def mounted(path: Path) -> Iterator[Volume]:
    """Mount a volume at `path`; skips the test where mounting is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={VOLUME_BYTES},mode=0777", "tmpfs", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"needs to mount a tmpfs: {done.stderr.strip()}")
    try:
        yield Volume(path)
    finally:
        subprocess.run(["umount", path], check=True)


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    """64 KiB, writable."""
    path = tmp_path / "volume"
    path.mkdir()
    with mounted(path) as volume:
        yield volume

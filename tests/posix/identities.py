"""Acting as another user of the machine, checked by the kernel itself."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="takes on other users: needs root")


@contextmanager
def acting_as(uid: int, gid: int, groups: Sequence[int] = ()) -> Iterator[None]:
    """Real and effective ids change, the saved ones stay root's so that it can be undone."""
    before = os.getgroups()
    os.setgroups(list(groups))
    os.setresgid(gid, gid, 0)
    os.setresuid(uid, uid, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(before)


@contextmanager
def reachable_directory() -> Iterator[Path]:
    """Empty, and outside of the private directory that tests have: other users can enter it."""
    with tempfile.TemporaryDirectory(prefix="reachable-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """The umask of the process while it lasts."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)

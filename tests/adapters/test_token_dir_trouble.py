"""A publication that fails: the old one stays, nothing piles up, and it heals."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sidecar.adapters.token_dir import Access, Document, TokenDirectory
from tests.adapters.token_documents import BOOT, after, document, generations, names_in
from tests.posix.volumes import Volume


class Interrupting(Mapping[str, Document]):
    """Documents of which the reading is interrupted, as by a signal, after the first one."""

    def __getitem__(self, name: str) -> Document:
        if name:
            raise KeyboardInterrupt
        return document(2)

    def __iter__(self) -> Iterator[str]:
        return iter(["", "graph"])

    def __len__(self) -> int:
        return 2


@pytest.mark.parametrize("leave_pages", range(6))
def test_full_volume_keeps_what_is_published_and_heals(volume: Volume, leave_pages: int) -> None:
    """Wherever the space ends, failed turns add nothing; with space again the next one succeeds."""
    directory = TokenDirectory(volume.path, Access())
    directory.publish({"": document(1), "graph": document(1)}, at=after(0))
    volume.fill(leave_bytes=leave_pages * 4096)
    before = names_in(volume.path)
    for turn in range(1, 9):
        with pytest.raises(OSError, match="No space left"):
            TokenDirectory(volume.path, Access()).publish(
                {"": document(2), "graph": document(2)}, at=after(turn * 20)
            )
        assert names_in(volume.path) == before
    with pytest.raises(OSError, match="No space left"):
        _fill_up(volume, directory)
    assert names_in(volume.path) - {"ballast"} == before - {"ballast"}
    assert directory.published() == {"": document(1), "graph": document(1)}
    volume.free()
    directory.rehearse()
    directory.publish({"": document(3), "graph": document(3)}, at=after(200))
    assert directory.published() == {"": document(3), "graph": document(3)}
    assert len(generations(volume.path)) == 2


def _fill_up(volume: Volume, directory: TokenDirectory) -> None:
    volume.free()
    volume.fill()
    directory.rehearse()


def test_read_only_volume_keeps_what_is_published(volume: Volume) -> None:
    """Publishing, rehearsing and withdrawing say so; readers go on reading."""
    directory = TokenDirectory(volume.path, Access())
    directory.publish({"": document(1)}, at=after(0))
    before = names_in(volume.path)
    volume.make_read_only()
    with pytest.raises(OSError, match="Read-only file system"):
        directory.publish({"": document(2)}, at=after(1))
    with pytest.raises(OSError, match="Read-only file system"):
        directory.rehearse()
    with pytest.raises(OSError, match="Read-only file system"):
        directory.withdraw()
    assert names_in(volume.path) == before
    assert directory.published() == {"": document(1)}


def test_interrupted_publication_leaves_the_old_one_alone(tmp_path: Path) -> None:
    """Not only errors clean up: whatever ends it halfway does."""
    directory = TokenDirectory(tmp_path, Access())
    directory.publish({"": document(1)}, at=after(0))
    before = names_in(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        directory.publish(Interrupting(), at=after(1))
    assert names_in(tmp_path) == before
    assert directory.published() == {"": document(1)}


def test_swap_that_fails_takes_its_generation_back(tmp_path: Path) -> None:
    """Somebody put a directory in the place of `..data`: an error, and no generation is left behind."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "file").touch()
    os.utime(tmp_path / "..data", (BOOT, BOOT))
    with pytest.raises(OSError, match="not empty"):
        TokenDirectory(tmp_path, Access()).publish({"": document(1)}, at=after(0))
    assert names_in(tmp_path) == {"..data"}


def test_directory_that_is_gone_publishes_nothing(tmp_path: Path) -> None:
    """The volume was unmounted under us: an error, not an empty success."""
    directory = TokenDirectory(tmp_path / "gone", Access())
    with pytest.raises(FileNotFoundError):
        directory.publish({"": document(1)}, at=after(0))
    assert directory.published() == {}

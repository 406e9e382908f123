"""Readers in other processes, in tight loops, while publications go on."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.posix.clock import SystemClock
from tests.adapters.token_documents import document
from tests.posix.processes import next_line, running, tell

pytestmark = pytest.mark.serial

SWAPS = 10_000
FIRST_PUBLICATIONS = 300
MEMORY = Path("/dev/shm")


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A directory on a tmpfs, as an emptyDir of medium Memory; on disk where there is none."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="tokens-", dir=MEMORY) as name:
        yield Path(name)


def test_ten_thousand_swaps_without_one_bad_read(
    in_memory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two readers by path, two through one resolution of `..data`: nothing torn, missing, mismatched."""
    directory = TokenDirectory(in_memory, Access())
    clock = SystemClock()
    directory.publish({"": document(0)}, at=clock.anchor())
    stop = tmp_path / "stop"
    ways = ["single", "single", "pair", "pair"]
    with ExitStack() as stack:
        readers = [
            stack.enter_context(running("tests.adapters.swap_reader", way, in_memory, stop)) for way in ways
        ]
        assert [next_line(reader) for reader in readers] == ["reading"] * 4
        started = time.monotonic()
        for serial in range(1, SWAPS + 1):
            directory.publish({"": document(serial)}, at=clock.anchor())
        took = time.monotonic() - started
        stop.touch()
        results = [json.loads(next_line(reader)) for reader in readers]
    with capsys.disabled():
        print(f"\n{SWAPS} swaps in {took:.1f} s; readers: {list(zip(ways, results, strict=True))}")
    for result in results:
        assert (result["torn"], result["missing"], result["mismatched"]) == (0, 0, 0)
        assert result["generations"] > SWAPS // 100, "the reader hardly ran beside the swaps"


def test_who_waits_for_the_first_token_finds_everything(in_memory: Path) -> None:
    """`..data` is made before the links and `token` last: seen by a reader that polls without pause."""
    clock = SystemClock()
    with running("tests.adapters.first_reader") as reader:
        for serial in range(FIRST_PUBLICATIONS):
            root = in_memory / str(serial)
            root.mkdir()
            tell(reader, str(root))
            assert next_line(reader) == "watching"
            documents = {"": document(1), "graph": document(2)}
            TokenDirectory(root, Access()).publish(documents, at=clock.anchor())
            assert next_line(reader) == "missing:"

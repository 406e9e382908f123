"""Files that are whole or absent."""

from __future__ import annotations

import random
import re
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.posix.files import replace_text, sync_directory, write_durably, write_new
from tests.posix.identities import needs_root, umask
from tests.posix.processes import REPOSITORY, next_line, running
from tests.posix.relentless_writer import whole
from tests.posix.volumes import VOLUME_BYTES, Volume

Write = Callable[[Path], None]
DURABLY: Write = lambda path: write_durably(path, b"new")  # noqa: E731
AS_TEXT: Write = lambda path: replace_text(path, "new")  # noqa: E731
both_ways = pytest.mark.parametrize("write", [DURABLY, AS_TEXT], ids=["durably", "as text"])


def mode_of(path: Path) -> int:
    """Permission bits."""
    return stat.S_IMODE(path.lstat().st_mode)


def names_in(path: Path) -> list[str]:
    """Everything there, hidden files included."""
    return sorted(entry.name for entry in path.iterdir())


def test_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    """Forty writers are killed in full flight: old or new content each time, and the next write tidies up."""
    path = tmp_path / "file"
    moments = random.Random(8628)
    strays = 0
    for round_number in range(40):
        with running("tests.posix.relentless_writer", path, str(round_number * 100_000)) as writer:
            assert next_line(writer) == "first written"
            time.sleep(moments.uniform(0, 0.01))
            writer.kill()
            writer.wait()
        assert whole(path.read_bytes()), f"torn after kill {round_number}"
        strays += len(names_in(tmp_path)) - 1
    assert strays > 0, "no kill came in the middle of a write: the test proves nothing"
    write_durably(path, b"at last")
    assert names_in(tmp_path) == ["file"]


@both_ways
def test_content_replaces_the_old_one(tmp_path: Path, write: Write) -> None:
    """There is one file, with the new content, readable by its owner only."""
    path = tmp_path / "file"
    path.write_bytes(b"something older and longer")
    path.chmod(0o644)
    write(path)
    assert path.read_bytes() == b"new"
    assert mode_of(path) == 0o600
    assert names_in(tmp_path) == ["file"]


@both_ways
def test_reader_of_the_old_file_keeps_it(tmp_path: Path, write: Write) -> None:
    """The old file is not touched: whoever has it open reads it to its end."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with path.open("rb") as file:
        write(path)
        assert file.read() == b"old"


@both_ways
def test_failed_replacement_leaves_nothing_aside(tmp_path: Path, write: Write) -> None:
    """A directory stands in the way: the temporary file is removed and the error told."""
    (tmp_path / "file").mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path / "file")
    assert names_in(tmp_path) == ["file"]


@pytest.mark.parametrize(
    "write",
    [lambda path, size: write_durably(path, bytes(size)), lambda path, size: replace_text(path, "x" * size)],
)
def test_full_volume_keeps_the_old_file_and_heals(volume: Volume, write: Callable[[Path, int], None]) -> None:
    """What did not fit is taken away again, so that the same write succeeds once there is room."""
    path = volume.path / "file"
    path.write_bytes(b"old")
    volume.fill(leave_bytes=8192)
    for _ in range(3):
        with pytest.raises(OSError, match="No space left"):
            write(path, VOLUME_BYTES // 2)
        assert path.read_bytes() == b"old"
        assert names_in(volume.path) == ["ballast", "file"]
    volume.free()
    write(path, VOLUME_BYTES // 2)
    assert path.stat().st_size == VOLUME_BYTES // 2


@pytest.mark.parametrize("mask", [0o000, 0o027, 0o077, 0o777])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_mode_is_what_was_asked_for_whatever_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    """A umask neither narrows what readers need nor is relied upon to keep them out."""
    with umask(mask):
        write_new(tmp_path / "new", b"", mode=mode)
        write_durably(tmp_path / "durable", b"", mode=mode)
    assert [mode_of(tmp_path / "new"), mode_of(tmp_path / "durable")] == [mode, mode]


@needs_root
def test_group_is_given_with_the_mode(tmp_path: Path) -> None:
    """The file has the group asked for, and changing hands did not cost it a mode bit."""
    write_new(tmp_path / "file", b"content", mode=0o640, group=12345)
    assert (tmp_path / "file").stat().st_gid == 12345
    assert mode_of(tmp_path / "file") == 0o640


def test_planted_link_is_not_followed(tmp_path: Path) -> None:
    """A link in the place of the temporary file is replaced; what it points to stays as it is."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / ".file.new").symlink_to(victim)
    write_durably(tmp_path / "file", b"content")
    assert victim.read_bytes() == b"mine"
    assert not (tmp_path / "file").is_symlink()


def test_mode_that_cannot_be_set_costs_no_descriptor(tmp_path: Path) -> None:
    """Where the file system refuses the mode, the new file's descriptor is closed again."""
    before = len(names_in(Path("/proc/self/fd")))
    with pytest.raises(OverflowError):
        write_new(tmp_path / "file", b"", mode=1 << 40)
    assert len(names_in(Path("/proc/self/fd"))) == before


def test_missing_directory_cannot_be_made_durable(tmp_path: Path) -> None:
    """The error reaches the caller, who knows what the directory is for."""
    with pytest.raises(FileNotFoundError):
        sync_directory(tmp_path / "missing")


@pytest.mark.skipif(shutil.which("strace") is None, reason="watches system calls: needs strace")
def test_content_is_on_disk_before_the_name_and_the_name_before_the_return(tmp_path: Path) -> None:
    """One fsync of the file, then the rename, then one fsync of the directory."""
    program = (
        "import sys; from pathlib import Path; from sidecar.posix.files import write_durably; "
        "write_durably(Path(sys.argv[1]), b'content')"
    )
    trace = tmp_path / "trace"
    watch = ["strace", "-f", "-y", "-e", "trace=rename,renameat,renameat2,fsync,fdatasync", "-o", str(trace)]
    subprocess.run(
        [*watch, sys.executable, "-c", program, str(tmp_path / "file")], cwd=REPOSITORY, check=True
    )
    found = re.findall(r"(fsync|rename)\w*\(([^)]*)\)", trace.read_text())
    calls = [(name, arguments) for name, arguments in found if str(tmp_path) in arguments]
    assert [name for name, _ in calls] == ["fsync", "rename", "fsync"]
    assert calls[0][1].endswith("/.file.new>")
    assert calls[2][1].endswith(f"{tmp_path.name}>")

"""Commands of the user's: started clean, ended in time."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.posix.shell_command import run_command

ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.fixture
def ignoring_hangups() -> Iterator[None]:
    """As a turn of the loop does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("ignoring_hangups")
def test_no_signal_is_ignored_and_no_descriptor_is_strange(tmp_path: Path) -> None:
    """Nothing of ours is handed on: neither the lock nor what Python ignores."""
    ours = fcntl.fcntl(2, fcntl.F_DUPFD, 50)
    os.set_inheritable(ours, True)
    out = tmp_path / "out"
    look = f"grep -E 'Sig(Ign|Blk)' /proc/self/status > {out}; ls /proc/$$/fd >> {out}"
    assert run_command(look, environ=ENVIRON) is None
    os.close(ours)
    *masks, rest = out.read_text().split("\n", 2)
    # Signals 32 and 33 are the C library's own.
    assert [int(mask.split()[1], 16) & 0x7FFFFFFF for mask in masks] == [0, 0]
    assert max(int(name) for name in rest.split()) < ours


def test_its_output_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    """Standard output is for events, one JSON object a line."""
    assert run_command("echo said", environ=ENVIRON) is None
    out, err = capfd.readouterr()
    assert (out, err) == ("", "said\n")


def test_it_is_given_its_input_whole_whether_it_reads_or_not() -> None:
    """A command that does not look costs nothing, nor does one that leaves early."""
    given = b"x" * 1_000_000
    assert run_command('test "$(wc -c)" -eq 1000000', environ=ENVIRON, given=given) is None
    assert run_command("exec <&-; true", environ=ENVIRON, given=given) is None


def test_time_is_over_for_all_that_it_has_started(tmp_path: Path) -> None:
    """TERM, then KILL, to its whole group."""
    pids = tmp_path / "pids"
    command = f"trap '' TERM; (trap '' TERM; exec sleep 60) & echo $! $$ > {pids}; sleep 60; sleep 60"
    started = time.monotonic()
    assert run_command(command, environ=ENVIRON, seconds=0.5) == "time-out"
    assert time.monotonic() - started < 3
    for pid in pids.read_text().split():
        for _ in range(100):
            if not _runs(int(pid)):
                break
            time.sleep(0.02)
        assert not _runs(int(pid))


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_given_up_it_ends_at_once() -> None:
    """Within what TERM leaves to a role."""
    over = threading.Event()
    threading.Timer(0.1, over.set).start()
    started = time.monotonic()
    assert run_command("sleep 60", environ=ENVIRON, over=over) == "given up"
    assert time.monotonic() - started < 4

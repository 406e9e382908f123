"""The sign of life and the watchdog."""

from __future__ import annotations

import signal
import stat
import subprocess
from pathlib import Path

import pytest

from sidecar.posix.heart import REST_SECONDS, STEP_SECONDS, Heart
from tests.posix.clocks import StandingClock
from tests.posix.processes import next_line, running, tell

MODULE = "tests.posix.stopped_heart"

pytestmark = pytest.mark.usefixtures("signals")


def test_beat_is_the_second_of_the_boot_clock(tmp_path: Path) -> None:
    """Wall clock leaps leave it alone; the file is the owner's only."""
    Heart(tmp_path / "heartbeat", StandingClock(boot=5000.9)).beat()
    assert (tmp_path / "heartbeat").read_text() == "5000\n"
    assert stat.S_IMODE((tmp_path / "heartbeat").stat().st_mode) == 0o600


def test_beat_is_written_in_place(tmp_path: Path) -> None:
    """The same file is written over, never emptied nor replaced: a probe always reads a whole line."""
    path = tmp_path / "heartbeat"
    path.write_text("123456789\n")
    with path.open() as reader:
        Heart(path, StandingClock(boot=5000)).beat()
        assert reader.readline() == "5000\n"
    assert path.stat().st_size == len("123456789\n")


def test_beat_rearms_the_watchdog(tmp_path: Path) -> None:
    """Each step of a turn has the whole time again, and SIGALRM its default action."""
    heart = Heart(tmp_path / "heartbeat", StandingClock())
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.alarm(1000)
    heart.beat()
    assert signal.alarm(0) == STEP_SECONDS
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_stop_disarms_the_watchdog(tmp_path: Path) -> None:
    """A turn that is over is not ended."""
    heart = Heart(tmp_path / "heartbeat", StandingClock())
    heart.beat()
    heart.stop()
    assert signal.alarm(0) == 0


@pytest.mark.parametrize("seconds", [0, 12.5, 30, 75])
def test_rest_beats_on_the_way(tmp_path: Path, seconds: float) -> None:
    """No sleep is longer than half a minute, there is a beat around each, and the sum is right."""
    clock = StandingClock()
    Heart(tmp_path / "heartbeat", clock).rest(seconds)
    assert sum(clock.slept) == seconds
    assert max(clock.slept, default=0) <= REST_SECONDS < STEP_SECONDS
    assert clock.anchors == len(clock.slept) + 1
    assert (tmp_path / "heartbeat").read_text() == f"{int(5000 + seconds)}\n"


@pytest.mark.parametrize(("seconds", "ticks", "beats"), [(0, 0, 1), (5, 5, 2), (12.5, 13, 2), (75, 75, 4)])
def test_tick_of_each_second_writes_no_heartbeat(
    tmp_path: Path, seconds: float, ticks: int, beats: int
) -> None:
    """What counts down on a terminal costs the volume nothing; the rest is as long as without."""
    clock = StandingClock()
    told: list[None] = []
    Heart(tmp_path / "heartbeat", clock).rest(seconds, tick=lambda: told.append(None))
    assert len(told) == ticks
    assert sum(clock.slept) == seconds
    assert clock.anchors == beats


@pytest.mark.parametrize("place", ["/dev/full", "missing/heartbeat"])
def test_volume_that_takes_no_beat_is_no_failure(tmp_path: Path, place: str) -> None:
    """Who has something to save reports the volume; the watchdog is armed all the same."""
    Heart(tmp_path / place, StandingClock()).beat()
    assert signal.alarm(0) == STEP_SECONDS


def test_hung_process_is_ended_by_the_watchdog(tmp_path: Path) -> None:
    """Without any help of the interpreter, even if a handler for SIGALRM was installed before."""
    with running(MODULE, tmp_path / "heartbeat", "hanging") as process:
        assert next_line(process) == "ready"
        assert process.wait(10) == -signal.SIGALRM


def test_finished_process_is_not_ended_by_the_watchdog(tmp_path: Path) -> None:
    """After `stop` the process goes on for longer than a step and ends by itself."""
    with running(MODULE, tmp_path / "heartbeat", "finished") as process:
        assert next_line(process) == "ready"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        tell(process)
        assert process.wait(10) == 0

"""The private directory: one turn at a time, and what the shell and the next turn find."""

from __future__ import annotations

import json
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.journal import Journal
from sidecar.core.schedule import Anchor, Attempts
from sidecar.posix.heart import Heart
from tests.posix.clocks import StandingClock
from tests.posix.processes import next_line, running, tell
from tests.posix.volumes import Volume

ANCHOR = Anchor(wall=1_790_000_000.25, boot=5000.5, boot_id="boot")
HOLDER = "tests.adapters.lock_holder"


@pytest.fixture
def directory(tmp_path: Path) -> StateDirectory:
    """Empty."""
    return StateDirectory(tmp_path)


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    """Stands still but for sleeping; the watchdog of a heart that used it is disarmed."""
    before = signal.getsignal(signal.SIGALRM)
    yield StandingClock()
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def number_in(path: Path) -> int:
    """As the shell reads it: the first line, one decimal number."""
    return int(path.read_text().splitlines()[0])


def enter_after(holder: Popen[str], directory: StateDirectory, clock: StandingClock, *, pauses: int) -> None:
    """Wait for the lock beside `holder`, which ends after that many pauses."""

    def release() -> None:
        if len(clock.slept) == pauses:
            assert holder.stdin is not None
            if holder.poll() is None:
                tell(holder)
            holder.wait(10)

    clock.after_sleep = release
    waits: list[int] = []
    with directory.locked(Heart(directory.heartbeat_file, clock), lambda: waits.append(len(clock.slept))):
        assert holder.returncode is not None, "both were in at the same time"
    assert waits == [0], "it is said once, before the first pause"


def test_second_turn_waits_for_the_first_and_beats(directory: StateDirectory, clock: StandingClock) -> None:
    """However long a prompt keeps the first one: the second is alive all the while, then it enters."""
    with running(HOLDER, directory.path) as holder:
        assert next_line(holder) == "holding"
        enter_after(holder, directory, clock, pauses=7)
        assert holder.returncode == 0
    assert len(clock.slept) == 7
    assert max(clock.slept) <= 1
    assert clock.anchors >= 7
    assert number_in(directory.heartbeat_file) == int(clock.boot)


def test_free_lock_is_entered_at_once(directory: StateDirectory, clock: StandingClock) -> None:
    """No pause; its file is private and stays, for removing it would admit two (flock(2))."""
    for _ in range(2):
        with directory.locked(Heart(directory.heartbeat_file, clock), lambda: pytest.fail("waits")):
            pass
    assert clock.slept == []
    assert stat.S_IMODE((directory.path / "lock").stat().st_mode) == 0o600


def test_killed_turn_frees_the_lock(directory: StateDirectory, clock: StandingClock) -> None:
    """Nothing has to be cleaned up: the kernel does it."""
    with running(HOLDER, directory.path) as holder:
        assert next_line(holder) == "holding"
        holder.kill()
        holder.wait()
        with directory.locked(Heart(directory.heartbeat_file, clock)):
            pass
    assert clock.slept == []


def test_failed_turn_frees_the_lock(directory: StateDirectory, clock: StandingClock) -> None:
    """An error inside does not lock out the next one in the same process."""
    heart = Heart(directory.heartbeat_file, clock)
    with pytest.raises(KeyError), directory.locked(heart):
        raise KeyError
    with directory.locked(heart):
        pass
    assert clock.slept == []


@pytest.mark.parametrize("wake_on", [1_790_000_000, 1_790_000_001, 1_790_086_400, 9_999_999_999])
def test_schedule_is_told_in_both_clocks(directory: StateDirectory, wake_on: int) -> None:
    """`due` and its modification time are the wall clock's second, `wake` the boot clock's, never early."""
    directory.schedule(wake_on, ANCHOR)
    assert number_in(directory.path / "due") == wake_on
    assert (directory.path / "due").stat().st_mtime == wake_on
    wake = number_in(directory.path / "wake")
    assert 0 <= wake - (ANCHOR.boot + wake_on - ANCHOR.wall) < 1


def test_schedule_is_written_over_in_place(directory: StateDirectory) -> None:
    """At a fixed width: nothing of a longer number is left, and the shell reads one line."""
    directory.schedule(9_999_999_999, ANCHOR)
    before = (directory.path / "due").stat().st_ino
    directory.schedule(1_790_000_100, ANCHOR)
    assert (directory.path / "due").stat().st_ino == before
    assert (directory.path / "due").read_text().split() == ["1790000100"]
    assert (directory.path / "wake").read_text().split() == ["5101"]


def test_schedule_can_be_told_on_a_full_volume(volume: Volume) -> None:
    """Else the loop would not know when to look whether the volume has healed."""
    directory = StateDirectory(volume.path)
    directory.schedule(1_790_000_100, ANCHOR)
    volume.fill()
    directory.schedule(1_790_000_200, ANCHOR)
    assert number_in(volume.path / "due") == 1_790_000_200
    with pytest.raises(OSError, match="No space left"):
        directory.tell_probes(1, 1)


@pytest.mark.parametrize(("instant", "told"), [(1_790_000_000, 1_790_000_000), (0, 0), (-5, 0)])
def test_probes_get_plain_numbers(directory: StateDirectory, instant: int, told: int) -> None:
    """One line each, never negative: the shell has no sign to parse."""
    directory.tell_probes(instant, 7)
    assert (directory.path / "live_until").read_text() == f"{told}\n"
    assert (directory.path / "ready_until").read_text() == "7\n"


def test_journal_survives_the_turn(directory: StateDirectory) -> None:
    """All that was kept is read back."""
    assert directory.journal() == Journal()
    journal = Journal(
        tokens={"": Attempts(2, 1_790_000_060, 1_789_999_000, 1_790_000_000, "AuthorityBusy")},
        signin=Attempts(failures=1),
        anchor=ANCHOR,
        wake_on=1_790_000_060,
    )
    directory.keep_journal(journal)
    assert directory.journal() == journal


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xff", b"null", b"[]", b'{"tokens": 3}', b"\0" * 512])
def test_damaged_journal_is_an_empty_one(directory: StateDirectory, content: bytes) -> None:
    """It costs a renewal too early, never a turn."""
    (directory.path / "journal.json").write_bytes(content)
    assert directory.journal() == Journal()


def test_prompt_is_shown_until_it_is_closed(directory: StateDirectory) -> None:
    """To programs as JSON, to the probes as a line; closing twice is no error."""
    assert directory.prompt() is None
    record: dict[str, object] = {
        "event": "signin.code_issued",
        "verification_uri": "https://a.example",
        "user_code": "AB",
    }
    directory.open_prompt(record, "open it")
    assert directory.prompt() == record
    assert json.loads((directory.path / "prompt.json").read_text()) == record
    assert (directory.path / "prompt").read_text() == "open it\n"
    for _ in range(2):
        directory.close_prompt()
        assert directory.prompt() is None
        assert not (directory.path / "prompt").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"null", b"[" * 100_000])
def test_damaged_prompt_counts_as_none(directory: StateDirectory, content: bytes) -> None:
    """Whoever shows it goes on without."""
    (directory.path / "prompt.json").write_bytes(content)
    assert directory.prompt() is None


def test_every_file_is_the_owners_only(directory: StateDirectory) -> None:
    """The prompt's code is for the person asked, the rest for the sidecar."""
    directory.schedule(1_790_000_000, ANCHOR)
    directory.tell_probes(1, 1)
    directory.keep_journal(Journal())
    directory.open_prompt({}, "line")
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in directory.path.iterdir()}
    assert modes == dict.fromkeys(
        ("due", "wake", "live_until", "ready_until", "journal.json", "prompt", "prompt.json"), 0o600
    )


def test_each_file_has_a_name_of_its_own(directory: StateDirectory) -> None:
    """Cache, discovery document and heartbeat lie in the private directory."""
    files = {directory.cache_file, directory.discovery_file, directory.heartbeat_file}
    assert len(files) == 3
    assert {file.parent for file in files} == {directory.path}

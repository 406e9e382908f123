"""The loop of `refresh`, in virtual time: `sleep` returns at once and moves the boot clock."""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path

import pytest

from tests.entrypoint.box import Box, Turn, eventually, group_exists


def test_first_turn_runs_at_once_and_the_next_one_when_python_said(box: Box) -> None:
    """Turns run at `wake`; the sleep before it goes in steps of at most a minute."""
    box.virtual_time()
    box.python("wake 150; [ $n -lt 2 ] || exit 77")
    assert box.run("refresh").returncode == 77
    assert box.log() == [
        "turn 1000 -P -m sidecar refresh --first",
        "sleep 60",
        "sleep 60",
        "sleep 30",
        "turn 1150 -P -m sidecar refresh",
    ]


def test_schedule_that_is_already_due_costs_a_second(box: Box) -> None:
    """Whatever Python schedules, the loop never runs hot."""
    box.virtual_time()
    box.python("wake 0; [ $n -lt 4 ] || exit 77")
    box.run("refresh")
    assert [turn.at for turn in box.turns()] == [1000, 1001, 1002, 1003]


def test_turns_without_a_schedule_are_repeated_ever_more_slowly(box: Box) -> None:
    """10 s, doubled up to 300 s, counted from the turn's end; one good turn starts over."""
    box.virtual_time()
    box.python("[ $n -ne 9 ] || wake 5; [ $n -lt 11 ] || exit 77; pass 100; exit 1")
    result = box.run("refresh")
    starts = [turn.at for turn in box.turns()]
    pauses = [later - earlier - 100 for earlier, later in itertools.pairwise(starts)]
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300, 1, 10]
    assert "the turn left 1 and no schedule: again in 300 s" in result.stderr


@pytest.mark.parametrize("wake", ["abc", "0099", "12345678901234567890", "", "-5", "999", "5 5"])
def test_nonsense_in_the_schedule_counts_as_none(box: Box, wake: str) -> None:
    """A damaged or stale `wake` (999 is before the turn) neither ends the loop nor makes it hot."""
    box.virtual_time()
    box.python(f'echo "{wake}" >"$SIDECAR_STATE_DIR/private/wake"; [ $n -lt 3 ] || exit 77')
    assert box.run("refresh").returncode == 77
    assert [turn.at for turn in box.turns()] == [1000, 1010, 1030]


def test_old_schedule_is_emptied_before_a_turn(box: Box) -> None:
    """A turn that crashes cannot inherit the schedule of the turn before it. It is overwritten in place:
    on a full disk the file keeps its block, and the next schedule has room."""
    box.virtual_time()
    wake = box.private / "wake"
    wake.write_text("5000      \n")
    inode = wake.stat().st_ino
    box.python(
        'read -r w <"$SIDECAR_STATE_DIR/private/wake"; [ "$w" = 0 ] || exit 78; [ $n -lt 2 ] || exit 77'
    )
    assert box.run("refresh").returncode == 77
    assert [turn.at for turn in box.turns()] == [1000, 1010]
    assert (wake.stat().st_ino, wake.stat().st_size) == (inode, 11)


def test_turn_that_could_not_write_is_run_again_soon(box: Box) -> None:
    """73 without a schedule: every 10 s, for a volume that was full may have room again."""
    box.virtual_time()
    box.python("[ $n -lt 5 ] || exit 77; exit 73")
    assert box.run("refresh").returncode == 77
    assert [turn.at for turn in box.turns()] == [1000, 1010, 1020, 1030, 1040]


@pytest.mark.parametrize("code", [64, 77, 78])
def test_final_codes_end_the_loop(box: Box, code: int) -> None:
    """Usage, a needed sign-in without prompting, and configuration do not heal by repetition."""
    box.virtual_time()
    box.python(f"wake 5; exit {code}")
    assert box.run("refresh").returncode == code
    assert len(box.turns()) == 1


@pytest.mark.parametrize("code", [0, 1, 69, 73, 75, 127, 130, 137, 142, 143])
def test_any_other_code_is_followed_by_another_turn(box: Box, code: int) -> None:
    """Crashes, watchdog and out-of-memory kills included."""
    box.virtual_time()
    box.python(f"wake 5; [ $n -lt 3 ] || exit 77; exit {code}")
    assert box.run("refresh").returncode == 77
    assert [turn.at for turn in box.turns()] == [1000, 1005, 1010]


def test_a_killed_turn_is_followed_by_another(box: Box) -> None:
    """A real SIGKILL, as the kernel sends when memory is out."""
    box.virtual_time()
    box.python("[ $n -lt 2 ] || exit 77; kill -KILL $$")
    result = box.run("refresh")
    assert result.returncode == 77
    assert [turn.at for turn in box.turns()] == [1000, 1010]


def test_arguments_reach_every_turn(box: Box) -> None:
    """Flags after `refresh` are the turn's, spaces and all."""
    box.virtual_time()
    box.python('[ "$6" = "a b" ] && [ $# -eq $((8 - n)) ] || exit 78; wake 5; [ $n -lt 2 ] || exit 77')
    assert box.run("refresh", "--scopes", "a b").returncode == 77


def test_hangup_renews_at_once_when_the_last_turn_is_long_ago(box: Box) -> None:
    """HUP cuts the sleep short, and only that next turn is told `--now`."""
    box.virtual_time("[ $n -ne 1 ] || interrupted 30 HUP")
    box.python("wake 50; [ $n -lt 3 ] || exit 77")
    box.run("refresh")
    assert box.turns() == [
        Turn(1000, ("refresh", "--first")),
        Turn(1030, ("refresh", "--now")),
        Turn(1080, ("refresh",)),
    ]


def test_hangup_soon_after_a_turn_waits_for_the_rest_of_ten_seconds(box: Box) -> None:
    """Between whole seconds of the clock, 11 is the least that is never less than 10."""
    box.virtual_time("[ $n -gt 2 ] || interrupted 3 HUP")
    box.python("wake 500; [ $n -lt 2 ] || exit 77")
    box.run("refresh")
    assert box.turns() == [Turn(1000, ("refresh", "--first")), Turn(1011, ("refresh", "--now"))]
    assert box.sleeps() == [60, 8, 5]


def test_hangup_does_not_delay_a_turn_that_is_due_sooner(box: Box) -> None:
    """Tokens of a few seconds stay fresh whoever sends HUP."""
    box.virtual_time("[ $n -gt 1 ] || interrupted 1 HUP")
    box.python("wake 4; [ $n -lt 2 ] || exit 77")
    box.run("refresh")
    assert [turn.at for turn in box.turns()] == [1000, 1004]


def test_hangups_during_a_turn_are_remembered_once(box: Box) -> None:
    """Three of them make one renewal afterwards, at the same distance from the turn's start."""
    box.virtual_time()
    hang_up = "for i in 1 2 3; do kill -HUP $loop; command -p sleep 0.02; done"
    box.python(f"wake 50; [ $n -ne 1 ] || {{ {hang_up}; }}; [ $n -lt 3 ] || exit 77")
    box.run("refresh")
    assert box.turns() == [
        Turn(1000, ("refresh", "--first")),
        Turn(1011, ("refresh", "--now")),
        Turn(1061, ("refresh",)),
    ]


def test_hangup_cuts_a_back_off_short(box: Box) -> None:
    """Who has repaired the cause does not wait five minutes."""
    box.virtual_time("[ $n -ne 5 ] || interrupted 20 HUP")
    box.python("[ $n -lt 5 ] || exit 77")
    box.run("refresh")
    assert box.sleeps()[:5] == [10, 20, 40, 60, 20]
    assert box.turns()[-1].arguments == ("refresh", "--now")
    assert box.turns()[-1].at == 1000 + 10 + 20 + 40 + 60 + 20


def test_storm_of_hangups_makes_at_most_two_turns(box: Box) -> None:
    """50 HUP in a second of real time; the loop survives them and leaves no zombie."""
    with box.started("refresh") as process:
        eventually(lambda: len(box.turns()) == 1)
        for _ in range(50):
            process.send_signal(signal.SIGHUP)
            signal.sigtimedwait([], 0.02)
        assert process.poll() is None
        assert len(box.turns()) <= 2
        eventually(lambda: _states_of_children(process.pid) == ["S"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(1) == 0
        eventually(lambda: not group_exists(process.pid))


def _states_of_children(pid: int) -> list[str]:
    """State letters (proc(5)) of the direct children; zombies are `Z`."""
    states = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            states.append(Path(f"/proc/{child}/stat").read_text().rpartition(") ")[2][0])
        except FileNotFoundError:
            states.append("gone")
    return states


def test_wall_clock_past_due_runs_a_turn_within_a_minute(box: Box) -> None:
    """A leap forward: `wake` is far on the boot clock, `due` is over on the wall clock."""
    box.virtual_time()
    box.python("wake 3600; due -5; [ $n -lt 2 ] || exit 77")
    box.run("refresh")
    assert box.turns()[1].at - box.turns()[0].at <= 60


def test_wall_clock_before_due_waits(box: Box) -> None:
    """Without a leap `due` changes nothing."""
    box.virtual_time()
    box.python("wake 200; due 200; [ $n -lt 2 ] || exit 77")
    box.run("refresh")
    assert [turn.at for turn in box.turns()] == [1000, 1200]


def test_wall_clock_that_leapt_back_runs_one_turn(box: Box) -> None:
    """The file of the last tick is newer than now; that is noticed within a minute, once."""
    box.virtual_time("[ $n -ne 2 ] || leap_back")
    box.python("wake 600; due 600; [ $n -lt 3 ] || exit 77")
    box.run("refresh")
    assert [turn.at for turn in box.turns()] == [1000, 1120, 1720]


def test_due_of_the_past_does_not_defeat_the_back_off(box: Box) -> None:
    """A turn that crashes at every start leaves its `due` behind; the pauses still grow."""
    box.virtual_time("leap_back")
    box.python("due -5; [ $n -lt 6 ] || exit 77")
    box.run("refresh")
    assert [turn.at for turn in box.turns()] == [1000, 1010, 1030, 1070, 1150, 1310]


def test_heartbeat_is_overwritten_in_place(box: Box) -> None:
    """No reader ever finds it empty: what is longer than the new line stays behind it."""
    box.virtual_time()
    heartbeat = box.private / "heartbeat"
    heartbeat.write_text("9999999999\n")
    box.python("wake 70; [ $n -lt 2 ] || exit 77")
    box.run("refresh")
    assert heartbeat.read_text() == "1070\n99999\n"


def test_files_of_the_loop_are_private_and_the_turn_keeps_its_umask(box: Box) -> None:
    """Mode 0600 for what sh makes, yet Python sees the umask of the container."""
    box.virtual_time()
    box.python('umask >"$STUB/umask"; exit 77')
    old = os.umask(0o027)
    try:
        box.run("refresh")
    finally:
        os.umask(old)
    assert (box.stub / "umask").read_text() == "0027\n"
    assert {(box.private / name).stat().st_mode & 0o777 for name in ("heartbeat", "tick")} == {0o600}


def test_loop_without_its_directory_is_silent_and_goes_on(box: Box) -> None:
    """Python makes the directory; until it can, sh neither dies nor complains about it."""
    box.virtual_time()
    box.private.rmdir()
    box.python("[ $n -lt 3 ] || exit 77")
    result = box.run("refresh")
    assert result.returncode == 77
    assert [turn.at for turn in box.turns()] == [1000, 1010, 1030]
    assert [line for line in result.stderr.splitlines() if "no schedule" not in line] == []


def test_help_of_refresh_is_not_repeated(box: Box) -> None:
    """`refresh --help` and `-h` run Python once and end with its code."""
    for flag in ("--help", "-h"):
        assert box.run("refresh", "--scopes", "x", flag).returncode == 0
    assert [turn.arguments[-1] for turn in box.turns()] == ["--help", "-h"]

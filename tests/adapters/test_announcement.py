"""Telling apps of new tokens: beside the turn, and never a reason for it to fail."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.adapters.announcement import Announcement
from sidecar.core.signal_target import SignalTarget

ROOT = Path(__file__).parents[2]
ENVIRON = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SIDECAR_TOKEN_DIR": "/tokens"}


class Events:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, dict[str, object]]] = []

    def event(self, name: str, *, level: str = "info", **fields: object) -> None:
        """Keep it."""
        self.said.append((name, level, fields))


@pytest.fixture
def events() -> Events:
    """The log."""
    return Events()


@pytest.fixture
def announce(events: Events) -> Callable[..., Announcement]:
    """Makes one for a command or a target."""

    def make(
        command: str | None = None, target: SignalTarget | None = None, *, absent: bool = False
    ) -> Announcement:
        return Announcement(
            command=command,
            target=target,
            environ=ENVIRON,
            log=events,
            log_options={"format": "json", "level": "info"},
            apps_may_be_absent=absent,
        )

    return make


def test_turn_does_not_wait_for_the_command(announce: Callable[..., Announcement], tmp_path: Path) -> None:
    """Nor does the end of the turn, unless it asks; the command goes on by itself."""
    out = tmp_path / "out"
    announcement = announce(f'sleep 1; echo "$SIDECAR_TOKEN_DIR" > {out}')
    started = time.monotonic()
    announcement.published()
    assert time.monotonic() - started < 0.8
    announcement.finish(0.01)
    assert not out.exists()
    announcement.finish(20)
    assert out.read_text() == "/tokens\n"


@pytest.mark.parametrize(
    ("command", "event", "field"),
    [
        ("true", "publish.told", '"by": "command"'),
        ("exit 3", "publish.untold", '"cause": "exit code 3"'),
        ("kill $$", "publish.untold", '"cause": "signal 15"'),
    ],
)
def test_what_came_of_the_command_is_in_the_log(
    announce: Callable[..., Announcement],
    capfd: pytest.CaptureFixture[str],
    command: str,
    event: str,
    field: str,
) -> None:
    """In the same format as all else, on the same stream; the command's own words are on standard error."""
    announcement = announce(f"echo said; {command}")
    announcement.published()
    announcement.finish(20)
    out, err = capfd.readouterr()
    assert f'"event": "{event}"' in out
    assert field in out
    assert (out.count("\n"), err) == (1, "said\n")


def test_command_is_a_session_of_its_own(announce: Callable[..., Announcement], tmp_path: Path) -> None:
    """No signal to the turn's group reaches it, and a terminal that closes does not either."""
    out = tmp_path / "out"
    announcement = announce(f"cat /proc/self/stat > {out}")
    announcement.published()
    announcement.finish(20)
    fields = out.read_text().rpartition(")")[2].split()
    assert int(fields[3]) not in (os.getsid(0), 0)


def test_signal_nobody_got_is_told_with_the_fix(
    announce: Callable[..., Announcement], events: Events
) -> None:
    """A warning; but in an init container, where no app runs yet, only for those who look."""
    target = SignalTarget("HUP", "no-such-program")
    announce(target=target).published()
    announce(target=target, absent=True).published()
    assert [(name, level) for name, level, _ in events.said] == [
        ("publish.untold", "warning"),
        ("publish.untold", "debug"),
    ]
    assert "shareProcessNamespace" in str(events.said[0][2]["advice"])


def test_signal_that_was_sent_is_told(announce: Callable[..., Announcement], events: Events) -> None:
    """To whom, and which."""
    child = os.posix_spawn("/bin/sleep", ["sleep", "60"], ENVIRON)
    announce(target=SignalTarget("TERM", str(child))).published()
    assert os.waitpid(child, 0)[0] == child
    assert events.said == [
        ("publish.told", "info", {"by": "signal", "signal": "TERM", "pids": [child]}),
    ]


def test_commands_that_have_ended_are_not_kept(announce: Callable[..., Announcement]) -> None:
    """Beside a prompt that stays open for an hour there may be hundreds."""
    announcement = announce("true")
    announcement.published()
    [first] = announcement._started
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    announcement.published()
    assert first not in announcement._started
    announcement.finish(20)


def test_parent_that_ignores_its_children_is_no_failure(announce: Callable[..., Announcement]) -> None:
    """The kernel has reaped them then."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        announcement = announce("true")
        announcement.published()
        announcement.finish(20)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert announcement._started == []

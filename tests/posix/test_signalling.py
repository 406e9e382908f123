"""Signals to processes that are there, gone, ours or another user's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sidecar.core.signal_target import SignalTarget
from sidecar.posix.signalling import NotSignalled, send
from tests.posix.identities import acting_as, needs_root

APP = """
import os, signal, sys
signal.signal(signal.SIGUSR1, lambda *_: os._exit(42))
if len(sys.argv) > 1:
    os.setuid(int(sys.argv[1]))
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def app() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts an app that ends with 42 at USR1; optionally as another user, or under another name."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, name: str | None = None) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [name or sys.executable, "-c", APP, *arguments], executable=sys.executable, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def usr1(target: object) -> SignalTarget:
    """USR1 for it."""
    return SignalTarget("USR1", str(target))


def refused(target: object) -> NotSignalled:
    """Why nobody got it."""
    with pytest.raises(NotSignalled) as error:
        send(usr1(target))
    return error.value


def test_app_is_told_by_pid_by_file_and_by_name(
    app: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Whichever way it is named, it alone gets the signal."""
    name = f"app-{os.getpid()}"
    pid_file = tmp_path / "app.pid"
    for target in ("pid", pid_file, name):
        process = app(name=f"/opt/{name}")
        pid_file.write_text(f" {process.pid}\n")
        assert send(usr1(process.pid if target == "pid" else target)) == [process.pid]
        assert process.wait(20) == 42


def test_nobody_of_that_name_says_what_a_pod_needs() -> None:
    """Containers see each other's processes only if the pod says so."""
    error = refused("no-such-program")
    assert error.absent
    assert "shareProcessNamespace" in error.advice


def test_process_that_is_gone_is_nobody(app: Callable[..., subprocess.Popen[bytes]]) -> None:
    """Also where its number is beyond what the kernel has."""
    process = app()
    process.kill()
    process.wait()
    assert refused(process.pid).absent
    assert refused(2**31 - 1).absent


@pytest.mark.parametrize("whose", ["ours", "our parent's", "the first of the container"])
def test_we_are_never_told_ourselves(whose: str) -> None:
    """The loop would renew at its own HUP, again and again."""
    pid = {"ours": os.getpid(), "our parent's": os.getppid(), "the first of the container": 1}[whose]
    assert "one of ours" in refused(pid).reason


def test_own_name_is_not_meant() -> None:
    """The loop above us is a shell; a signal for the app's shell does not make it renew."""
    own = Path("/proc/self/comm").read_text().strip()
    with suppress(NotSignalled):
        assert not {os.getpid(), os.getppid()} & set(send(SignalTarget("CONT", own)))


@needs_root
def test_another_users_process_says_which_setting(
    app: Callable[..., subprocess.Popen[bytes]],
) -> None:
    """A sidecar that is not root reaches its own uid only."""
    process = app()
    with acting_as(65532, 65532):
        error = refused(process.pid)
    assert "another user" in error.reason
    assert "runAsUser" in error.advice
    assert process.poll() is None


@pytest.mark.parametrize("content", ["", "nobody\n", "-5\n", "0\n", "1 2\n", "9" * 60])
def test_pid_file_without_a_process_id_is_told(tmp_path: Path, content: str) -> None:
    """A negative number would be a whole group; 1 is the container's first."""
    path = tmp_path / "app.pid"
    path.write_text(content)
    error = refused(path)
    assert str(path) in error.reason or "process 1 " in error.reason


def test_missing_pid_file_and_a_pipe_in_its_place_are_told(tmp_path: Path) -> None:
    """Neither holds up a turn."""
    assert refused(tmp_path / "missing").absent
    os.mkfifo(tmp_path / "pipe")
    assert not refused(tmp_path / "pipe").absent


def test_signal_for_itself_would_have_arrived() -> None:
    """What the tests above take for granted: USR1 ends an app that does not know it."""
    with subprocess.Popen(["sleep", "60"]) as process:
        assert send(usr1(process.pid)) == [process.pid]
        assert process.wait(20) == -signal.SIGUSR1

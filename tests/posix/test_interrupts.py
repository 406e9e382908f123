"""TERM and INT: at once, except while something must not be lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from sidecar.posix.interrupts import Interrupted, Interrupts
from tests.posix.processes import next_line, running, tell

MODULE = "tests.posix.interrupted_process"


@pytest.fixture
def interrupts(signals: None) -> Interrupts:
    """Installed in this process."""
    del signals
    interrupts = Interrupts()
    interrupts.install()
    return interrupts


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_ends_a_sleep_within_a_second(signum: signal.Signals, code: int) -> None:
    """A process that sleeps for a minute is gone at once, with the code a shell would report."""
    with running(MODULE, "asleep") as process:
        assert next_line(process) == "ready"
        sent = time.monotonic()
        process.send_signal(signum)
        assert process.wait(5) == code
        assert time.monotonic() - sent < 4


def test_held_signal_waits_for_the_end_of_the_outermost_hold() -> None:
    """What is under way is finished and saved first; nothing is begun after it."""
    with running(MODULE, "holding") as process:
        assert next_line(process) == "ready"
        process.send_signal(signal.SIGTERM)
        tell(process)
        assert [next_line(process) for _ in range(3)] == ["pending True", "saved", ""]
        assert process.wait(5) == 143


@pytest.mark.parametrize(("scene", "said"), [("finalizing", ""), ("forking", "leaving\n")])
def test_signal_is_not_lost_where_python_swallows_exceptions(scene: str, said: str) -> None:
    """Raised inside a finalizer it comes again; around a fork it waits, and the child goes its own way."""
    done = subprocess.run(
        [sys.executable, "-m", MODULE, scene], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, said, "")


def test_second_signal_does_not_disturb_the_leaving() -> None:
    """The first signal decides the code; one more does not interrupt the cleaning up."""
    with running(MODULE, "leaving") as process:
        assert next_line(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert next_line(process) == "leaving"
        process.send_signal(signal.SIGINT)
        tell(process)
        assert next_line(process) == "left in peace"
        assert process.wait(5) == 143


def test_signal_outside_a_hold_is_raised_where_the_program_is(interrupts: Interrupts) -> None:
    """It names itself and the exit code, and no `except Exception` takes it for a failure."""
    with pytest.raises(Interrupted, match="SIGTERM") as caught:
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.exit_code == 143
    assert not isinstance(caught.value, Exception)
    assert not interrupts.pending


def test_signal_in_nested_holds_comes_out_once(interrupts: Interrupts) -> None:
    """Inner holds end without it; after the outer one has raised it, later holds are calm."""
    steps = []

    def save() -> None:
        with interrupts.held():
            assert not interrupts.pending
            with interrupts.held():
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGTERM)
                steps.append("inner")
            assert interrupts.pending
            steps.append("outer")

    with pytest.raises(Interrupted, match="SIGINT"):
        save()
    with interrupts.held():
        signal.raise_signal(signal.SIGTERM)
        steps.append("afterwards")
    assert steps == ["inner", "outer", "afterwards"]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signal_after_the_work_is_done_is_ignored(interrupts: Interrupts, signum: signal.Signals) -> None:
    """While the interpreter ends there is nothing left to raise in."""
    interrupts.retire()
    signal.raise_signal(signum)
    interrupts.check()
    assert not interrupts.pending


def test_hold_without_a_signal_changes_nothing(interrupts: Interrupts) -> None:
    """The usual case: nothing came, nothing is raised, and errors pass through."""
    with interrupts.held():
        pass
    with pytest.raises(KeyError), interrupts.held():
        raise KeyError
    interrupts.check()
    assert not interrupts.pending


def test_signal_during_a_failing_hold_wins(interrupts: Interrupts) -> None:
    """A failure under a hold is not retried when the process was asked to end."""

    def save() -> None:
        with interrupts.held():
            signal.raise_signal(signal.SIGTERM)
            raise KeyError

    with pytest.raises(Interrupted):
        save()

"""What the log tells in a turn is in the history file when it is over, and while a prompt is open."""

from __future__ import annotations

import io
import sys
import threading
from pathlib import Path

import pytest

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.history import History
from sidecar.posix.interrupts import Interrupted
from sidecar.remembrance import remembered
from tests.life.doubles import VirtualClock


class CountedState(StateDirectory):
    """Knows how often the history was written; `full` as a volume is."""

    writes = 0
    full = False

    def keep_history(self, history: History) -> None:
        """Write, and count."""
        if self.full:
            raise OSError(28, "No space left on device")
        self.writes += 1
        super().keep_history(history)


@pytest.fixture
def state(tmp_path: Path) -> CountedState:
    """An empty state directory."""
    return CountedState(tmp_path)


@pytest.fixture
def log() -> Log:
    """A log of which nobody sees a line."""
    return Log(format="json", level="error", stream=io.StringIO())


def counts(state: StateDirectory) -> dict[str, int]:
    """By event."""
    return {event: number for (event, _, _), number in state.history().counts.items()}


def test_turn_without_a_prompt_writes_once(state: CountedState, log: Log) -> None:
    """However many tokens it renewed, and whatever the level of the log; then nobody listens any more."""
    with remembered(state, log, VirtualClock()):
        for number in range(50):
            log.event("refresh.succeeded", token=f"t{number}")
        assert state.writes == 0
    log.event("refresh.succeeded")
    assert state.writes == 1
    assert len(state.history().counts) == 50


def test_turn_in_which_nothing_happened_writes_nothing(state: CountedState, log: Log) -> None:
    """A look at the clock costs no write."""
    with remembered(state, log, VirtualClock()):
        log.event("refresh.scheduled", in_seconds=5)
    assert state.writes == 0


def test_open_prompt_holds_up_no_count(state: CountedState, log: Log) -> None:
    """It may be open for an hour, and tokens are renewed beside it."""
    with remembered(state, log, VirtualClock()):
        log.event("refresh.signin_required")
        log.event("signin.waiting")
        assert counts(state) == {"refresh.signin_required": 1}
        log.event("refresh.succeeded", token="arm")
        assert counts(state)["refresh.succeeded"] == 1
        log.event("signin.reminder")
        assert state.writes == 2


def test_ended_turn_has_counted(state: CountedState, log: Log) -> None:
    """TERM comes as an exception; counts are as they were told."""
    ended = remembered(state, log, VirtualClock())
    ended.__enter__()
    log.event("refresh.succeeded")
    stop = Interrupted(15)
    assert not ended.__exit__(type(stop), stop, None)
    assert counts(state) == {"refresh.succeeded": 1}


def test_full_volume_costs_counts_and_nothing_else(state: CountedState, log: Log) -> None:
    """The turn goes on, and later ones count again."""
    state.full = True
    with remembered(state, log, VirtualClock()):
        log.event("signin.waiting")
        log.event("refresh.succeeded")
    state.full = False
    with remembered(state, log, VirtualClock()):
        log.event("refresh.succeeded")
    assert counts(state) == {"refresh.succeeded": 1}


def test_full_volume_that_has_room_again_within_a_turn_costs_nothing(state: CountedState, log: Log) -> None:
    """What could not be written before is written with the next."""
    with remembered(state, log, VirtualClock()):
        log.event("signin.waiting")
        state.full = True
        log.event("refresh.succeeded")
        state.full = False
        log.event("refresh.succeeded")
        assert counts(state) == {"refresh.succeeded": 2}


def test_events_of_several_threads_are_all_counted(state: CountedState, log: Log) -> None:
    """Tokens are renewed side by side."""

    def tell() -> None:
        for _ in range(200):
            log.event("refresh.succeeded")

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with remembered(state, log, VirtualClock()):
            threads = [threading.Thread(target=tell) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    assert counts(state) == {"refresh.succeeded": 800}


def test_counts_go_on_from_turn_to_turn(state: CountedState, log: Log) -> None:
    """Each turn is a process of its own."""
    for _ in range(3):
        with remembered(state, log, VirtualClock()):
            log.event("token.published", tokens="token")
    assert counts(state) == {"token.published": 3}
    assert state.history().since == int(VirtualClock().now())


def test_unfinished_file_of_a_killed_turn_is_removed(state: CountedState, log: Log, tmp_path: Path) -> None:
    """By a turn that has nothing to write, too."""
    unfinished = tmp_path / ".history.json.new"
    unfinished.write_text('{"since"')
    with remembered(state, log, VirtualClock()):
        pass
    assert not unfinished.exists()

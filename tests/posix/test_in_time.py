"""Calls that are not waited for longer than there is time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from sidecar.posix.in_time import in_time


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """Until the test is over."""
    go_on = threading.Event()
    yield go_on
    go_on.set()


def test_answer_and_failure_come_through() -> None:
    """As if it had been called here."""

    def refused() -> None:
        raise KeyError("modified")

    assert in_time(lambda: 7) == 7
    assert in_time(lambda: 7, seconds=60) == 7
    with pytest.raises(KeyError):
        in_time(refused, seconds=60)


def test_call_that_hangs_is_left_behind(hanging: threading.Event) -> None:
    """The caller is told how long it had."""
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no complete answer within 0\.2 s"):
        in_time(hanging.wait, seconds=0.2)
    assert 0.2 <= time.monotonic() - begun < 5


def test_caller_may_give_up(hanging: threading.Event) -> None:
    """TERM leaves seconds, and nobody waits for a request that does not end."""
    asked: list[float] = []

    def third_time(waited: float) -> bool:
        asked.append(waited)
        return len(asked) == 3

    with pytest.raises(TimeoutError, match="given up"):
        in_time(hanging.wait, seconds=60, gives_up=third_time)
    assert 0 < asked[0] < asked[1] < asked[2] < 60

"""Several calls at a time, and the baton that lets one of them use MSAL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from sidecar.adapters.entra.baton import Baton
from sidecar.adapters.side_by_side import side_by_side

PATIENCE_SECONDS = 30


class Crowd:
    """Counts who is inside, and the most there ever were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.inside = self.most = 0

    @contextmanager
    def entered(self) -> Iterator[None]:
        """One more, meanwhile."""
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            yield
        finally:
            with self._lock:
                self.inside -= 1


def nothing() -> None:
    """No tick."""


def test_as_many_as_may_be_are_under_way_and_no_more() -> None:
    """Three at a time of nine: each waits for two others, so that fewer would never end."""
    crowd, three = Crowd(), threading.Barrier(3)

    def call(number: int) -> int:
        with crowd.entered():
            three.wait(PATIENCE_SECONDS)
        return number * number

    done = {
        item: future.result()
        for item, future in side_by_side(call, range(9), width=3, may_begin=lambda: True, tick=nothing)
    }
    assert done == {number: number * number for number in range(9)}
    assert crowd.most == 3


def test_nothing_begins_after_a_no_and_what_is_under_way_is_waited_for() -> None:
    """As when TERM has come."""
    may, begun, two = [True], [], threading.Barrier(2)
    free = threading.Event()

    def call(number: int) -> int:
        begun.append(number)
        two.wait(PATIENCE_SECONDS)
        assert number == 0 or free.wait(PATIENCE_SECONDS)
        return number

    done = []
    for _, future in side_by_side(call, range(50), width=2, may_begin=lambda: may[0], tick=nothing):
        may[0] = False
        free.set()
        done.append(future.result())
    assert done == [0, 1]
    assert sorted(begun) == [0, 1]


def test_call_that_hangs_gives_no_sign_of_life() -> None:
    """Else the watchdog would never end a turn that hangs."""
    signs: list[str] = []
    free = threading.Event()
    seen: list[int] = []

    def let_go() -> None:
        seen.append(len(signs))
        free.set()

    threading.Timer(1.5, let_go).start()
    answers = side_by_side(
        lambda _item: free.wait(PATIENCE_SECONDS),
        range(2),
        width=2,
        may_begin=lambda: True,
        tick=lambda: signs.append("tick"),
    )
    assert all(future.result() for _, future in answers)
    assert (seen, len(signs)) == ([2], 4)


def test_failure_of_one_is_its_own_answer() -> None:
    """And whoever reads the answers may stop at any of them: nobody is at work any more then."""
    crowd = Crowd()

    def call(number: int) -> int:
        with crowd.entered():
            if number == 1:
                raise ValueError("one")
            return number

    def read() -> None:
        answers = side_by_side(call, [0, 1, 2, 3], width=2, may_begin=lambda: True, tick=nothing)
        with closing(answers):
            for _, future in answers:
                future.result()

    with pytest.raises(ValueError, match="one"):
        read()
    assert crowd.inside == 0


def test_one_holds_the_baton_and_lets_go_of_it_for_a_request() -> None:
    """Eight threads: never two with the baton, all eight in their requests at once."""
    baton, working, requesting, eight = Baton(), Crowd(), Crowd(), threading.Barrier(8)

    def call(_number: int) -> None:
        with baton.held():
            with working.entered():
                pass
            with baton.let_go(), requesting.entered():
                eight.wait(PATIENCE_SECONDS)
            with working.entered():
                pass

    for _, future in side_by_side(call, range(8), width=8, may_begin=lambda: True, tick=nothing):
        future.result()
    assert (working.most, requesting.most) == (1, 8)


def test_baton_is_given_back_whatever_happens() -> None:
    """A request that fails takes it back first; who never held it lets go of nothing."""
    baton = Baton()
    with pytest.raises(OSError, match="away"), baton.held(), baton.let_go():
        raise OSError("away")
    with baton.let_go(), baton.held():
        pass

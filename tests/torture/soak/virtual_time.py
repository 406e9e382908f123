"""Virtual time that a reader looks at while it passes, and the loan of it to other people's code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

import time_machine

from tests.life.doubles import VirtualClock

BEGIN = 1_900_022_400.0
"""A midnight, UTC; the hour of the day decides how soon a person answers."""

DAY = 86400


class Over(BaseException):
    """The soak has lasted long enough. No `Exception`, so that no program takes it for a failure."""


class WatchedClock(VirtualClock):
    """Both clocks; however somebody waits, `look` is called every `every` seconds on the way."""

    def __init__(self, *, every: float, end: float = float("inf")) -> None:
        """`end`: seconds after the beginning at which `Over` ends whoever waits."""
        super().__init__(BEGIN)
        self.look: Callable[[], None] = lambda: None
        self.moved: Callable[[float], None] = lambda _wall: None
        self._every = every
        self._next_look = BEGIN + every
        self._end = BEGIN + end

    def sleep(self, seconds: float) -> None:
        """Takes no time at all, but moves the clocks, from one look to the next."""
        until = self.wall + max(seconds, 0)
        while self._next_look <= until:
            self._move(self._next_look)
            self._next_look += self._every
            self.look()
        self._move(until)
        if until >= self._end:
            raise Over

    def until_after_next_look(self) -> None:
        """Sleep until just after the next look."""
        self.sleep(self._next_look - self.wall + 0.001)

    def _move(self, wall: float) -> None:
        self.boot += wall - self.wall
        self.wall = wall
        self.moved(wall)


@contextmanager
def lent_to_others(clock: WatchedClock) -> Iterator[None]:
    """MSAL and azure-identity ask `time` themselves and cannot be given a clock: within this, `time` tells
    them the virtual one, and `time.sleep` moves it. What is ours is given its clock and needs none of this.
    """

    def sleep(seconds: float) -> None:
        clock.sleep(max(seconds, 0.001))  # a loop that sleeps for nothing takes time all the same

    with time_machine.travel(clock.wall, tick=False) as traveller:
        clock.moved = traveller.move_to
        with mock.patch("time.sleep", sleep):
            yield

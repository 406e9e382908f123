"""A container whose program may crash: started again as the kubelet does it."""

from __future__ import annotations

from collections.abc import Callable

from tests.torture.soak.virtual_time import WatchedClock

FIRST_SECONDS = 10
LONGEST_SECONDS = 300
WELL_SECONDS = 600
START_SECONDS = 1.0


class Container:
    """10 s after a crash, doubling to 300 s, and 10 s again after ten minutes without one
    (kubernetes.io, "Pod Lifecycle", restart policy).
    """

    def __init__(self, clock: WatchedClock) -> None:
        self.crashes = 0
        self.last_words: dict[str, int] = {}
        self._clock = clock

    def run(self, program: Callable[[], None]) -> None:
        """Until the time is over. Every start is a new process: the program begins from nothing."""
        pause = FIRST_SECONDS
        while True:
            started = self._clock.wall
            self._clock.sleep(START_SECONDS)
            try:
                program()
            except Exception as error:
                words = type(error).__name__
                self.last_words[words] = self.last_words.get(words, 0) + 1
            self.crashes += 1
            if self._clock.wall - started >= WELL_SECONDS:
                pause = FIRST_SECONDS
            self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_SECONDS)

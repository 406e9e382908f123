"""The sign of life during a turn, and the watchdog that ends a turn which hangs.

The heartbeat is a file with the second of the boot clock, which wall clock leaps do not touch; the
liveness probe compares it with `/proc/uptime`. The watchdog is `alarm(2)` with the default action:
it needs no cooperation of a stuck interpreter.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sidecar.posix.clock import Clock

STEP_SECONDS = 90
"""The longest that may pass between two beats; the probe's limit is twice that."""

REST_SECONDS = 30
TICK_SECONDS = 1


class Heart:
    """Beats at every step of a turn; `step_seconds` after the last beat the process is ended."""

    def __init__(self, path: Path, clock: Clock, *, step_seconds: int = STEP_SECONDS) -> None:
        self._path = path
        self._clock = clock
        self._step_seconds = step_seconds

    def beat(self) -> None:
        """Write the heartbeat in place, so that a probe never reads it empty, and rearm the watchdog.

        A state directory that cannot be written is reported by those who have something to save.
        """
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(self._step_seconds)
        line = f"{int(self._clock.anchor().boot)}\n".encode()
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError:
            return
        with suppress(OSError):
            os.pwrite(descriptor, line, 0)
        with suppress(OSError):  # over a network this is where a full volume is told of
            os.close(descriptor)

    def rest(self, seconds: float, *, tick: Callable[[], None] | None = None) -> None:
        """Sleep, beating on the way. `tick` is called each second, which writes no heartbeat."""
        while seconds > 0:
            self.beat()
            part = min(seconds, REST_SECONDS)
            self._sleep(part, tick)
            seconds -= part
        self.beat()

    def _sleep(self, seconds: float, tick: Callable[[], None] | None) -> None:
        while tick is not None and seconds > 0:
            tick()
            part = min(seconds, TICK_SECONDS)
            self._clock.sleep(part)
            seconds -= part
        if seconds > 0:
            self._clock.sleep(seconds)

    def stop(self) -> None:
        """Disarm the watchdog: the turn is over."""
        signal.alarm(0)

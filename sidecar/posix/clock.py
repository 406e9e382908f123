"""Both clocks of the machine, and sleep."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from sidecar.core.schedule import Anchor


class Clock(Protocol):
    """What the use cases know of time; tests give a virtual one."""

    def now(self) -> float:
        """Wall clock: seconds since 1970, UTC."""
        ...

    def anchor(self) -> Anchor:
        """Both clocks, read together."""
        ...

    def sleep(self, seconds: float) -> None:
        """Returns after `seconds`."""
        ...


class SystemClock:
    """The wall clock and the boot clock, which counts through suspend as `/proc/uptime` does."""

    def __init__(self) -> None:
        self._boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time()

    def anchor(self) -> Anchor:
        """Both clocks; `boot_id` differs after a reboot or on another machine."""
        return Anchor(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), self._boot_id)

    def sleep(self, seconds: float) -> None:
        """Sleeps; a signal handler that raises ends it at once (PEP 475)."""
        time.sleep(max(seconds, 0))

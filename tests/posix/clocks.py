"""A clock that only moves by sleeping, and tells what was slept."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.core.schedule import Anchor


class StandingClock:
    """`anchors` counts how often both clocks were read together: once per heartbeat."""

    def __init__(self, *, wall: float = 1_700_000_000.0, boot: float = 5000.0) -> None:
        self.wall = wall
        self.boot = boot
        self.slept: list[float] = []
        self.anchors = 0
        self.after_sleep: Callable[[], None] = lambda: None

    def now(self) -> float:
        """Wall clock."""
        return self.wall

    def anchor(self) -> Anchor:
        """Both clocks."""
        self.anchors += 1
        return Anchor(self.wall, self.boot, "boot")

    def sleep(self, seconds: float) -> None:
        """Takes no time but moves the clocks."""
        self.slept.append(seconds)
        self.wall += seconds
        self.boot += seconds
        self.after_sleep()

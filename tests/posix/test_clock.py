"""The machine's clocks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sidecar.posix.clock import SystemClock


def test_anchor_reads_the_boot_clock_that_the_shell_reads() -> None:
    """`/proc/uptime` has hundredths of a second; both clocks are read within a moment."""
    clock = SystemClock()
    before = float(Path("/proc/uptime").read_text().split()[0])
    anchor = clock.anchor()
    after = float(Path("/proc/uptime").read_text().split()[0])
    assert before - 0.01 <= anchor.boot <= after + 0.02
    assert anchor.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_now_and_the_anchor_agree() -> None:
    """Both give the wall clock in seconds since 1970."""
    clock = SystemClock()
    times = [time.time(), clock.now(), clock.anchor().wall, time.time()]
    assert times == sorted(times)


@pytest.mark.parametrize(("seconds", "at_least"), [(0.05, 0.05), (0, 0), (-3, 0)])
def test_sleep_lasts_as_long_as_asked(seconds: float, at_least: float) -> None:
    """A pause that is already over is none, and no error."""
    started = time.monotonic()
    SystemClock().sleep(seconds)
    assert at_least <= time.monotonic() - started < at_least + 1

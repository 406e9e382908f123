"""A small volume, and no watchdog left behind."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

from tests.posix.volumes import volume as volume


@pytest.fixture
def signals() -> Iterator[None]:
    """Handlers and alarm as they were before the test."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in numbers}
    hook = sys.unraisablehook
    yield
    sys.unraisablehook = hook
    signal.alarm(0)
    for number, handler in before.items():
        signal.signal(number, handler)

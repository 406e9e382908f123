"""A small volume, and no watchdog left behind."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.posix.volumes import Volume, mounted


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    """64 KiB, writable."""
    path = tmp_path / "volume"
    path.mkdir()
    with mounted(path) as volume:
        yield volume


@pytest.fixture
def signals() -> Iterator[None]:
    """Handlers and alarm as they were before the test."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    signal.alarm(0)
    for number, handler in before.items():
        signal.signal(number, handler)

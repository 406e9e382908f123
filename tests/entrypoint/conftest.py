"""Every test here runs under each of the shells that a small image may have as `/bin/sh`."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.entrypoint.box import Box

SHELLS = {"dash": ("dash",), "busybox": ("busybox", "sh")}


@pytest.fixture(autouse=True, scope="package")
def _default_dispositions() -> Iterator[None]:
    """POSIX shells cannot trap what is ignored at their start: HUP under nohup, INT in a `&` job."""
    ignored = [
        number for number in (signal.SIGHUP, signal.SIGINT) if signal.getsignal(number) is signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They load the machine and measure seconds."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.serial)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The command line of the shell under test."""
    command = SHELLS[request.param]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return command


@pytest.fixture
def box(tmp_path: Path, shell: tuple[str, ...]) -> Box:
    """A fresh box."""
    return Box(tmp_path, shell)

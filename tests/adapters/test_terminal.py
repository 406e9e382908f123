"""The line that is written over."""

from __future__ import annotations

import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from fcntl import ioctl
from typing import TextIO

import pytest

from sidecar.adapters.log import Log
from sidecar.adapters.terminal import CLEAR, Terminal
from sidecar.core.screen import LOG_COLUMNS, Screen


class Written(io.StringIO):
    """Each write by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        """Keep it."""
        self.writes.append(text)
        return len(text)


@pytest.fixture
def tty() -> Iterator[TextIO]:
    """A terminal of 40 columns."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        yield stream
    os.close(master)


def test_next_output_takes_the_place_of_the_line() -> None:
    """In one write with it: a signal's handler may raise between two."""
    stream = Written()
    log = Log(format="console", level="info", stream=stream)
    log.overwrite("0:02 left")
    log.overwrite("0:01 left")
    log.event("signin.expired")
    log.text("below\n")
    assert stream.writes[:2] == [f"{CLEAR}0:02 left", f"{CLEAR}0:01 left"]
    assert stream.writes[2].startswith(f"{CLEAR}20")
    assert stream.writes[2].endswith("\n")
    assert stream.writes[3] == "below\n"


def test_nothing_is_cleared_where_no_line_is() -> None:
    """A log never gets an escape sequence."""
    stream = Written()
    log = Log(format="json", level="info", stream=stream)
    log.overwrite("")
    log.event("signin.expired")
    log.line({"event": "signin.code_issued"})
    assert "\x1b" not in "".join(stream.writes)


def test_line_is_taken_away_once() -> None:
    """The cursor stands where the next output begins."""
    stream = Written()
    terminal = Terminal(stream)
    terminal.overwrite("0:01 left")
    terminal.overwrite("")
    terminal.overwrite("")
    terminal.write("x")
    assert stream.writes == [f"{CLEAR}0:01 left", CLEAR, "x"]


def test_screen_is_what_the_terminal_is(tty: TextIO) -> None:
    """Its width now; half blocks if its encoding has them."""
    assert Terminal(tty).screen() == Screen(40, blocks=True, live=True)
    ioctl(tty.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", 24, 0, 0, 0))
    assert Terminal(tty).screen() == Screen(LOG_COLUMNS, blocks=True, live=True)


@pytest.mark.parametrize(("encoding", "blocks"), [("utf-8", True), ("latin-1", False), ("ascii", False)])
def test_log_is_narrow_and_draws_what_it_can(encoding: str, blocks: bool) -> None:
    """Whatever reads it puts names in front of each line."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    assert Log(format="console", level="info", stream=stream).screen() == Screen(
        LOG_COLUMNS, blocks, live=False
    )
    assert Log(format="json", level="info", stream=stream).screen() is None

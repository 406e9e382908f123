"""`status --watch`: on a terminal, and on anything else."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.end_to_end.pod import Pod, eventually
from tests.schemas import objections, parsed


class Screen:
    """A terminal that the test reads."""

    def __init__(self, columns: int) -> None:
        self._main, self.side = pty.openpty()
        fcntl.ioctl(self.side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.set_blocking(self._main, False)
        self.written = ""

    def read(self) -> str:
        """All that was written so far."""
        try:
            while found := os.read(self._main, 65536):
                self.written += found.decode()
        except OSError:
            pass
        return self.written

    def close(self) -> None:
        """Both ends."""
        os.close(self._main)
        os.close(self.side)


@contextmanager
def screen(columns: int) -> Iterator[Screen]:
    """One, closed at the end."""
    made = Screen(columns)
    try:
        yield made
    finally:
        made.close()


def watching(pod: Pod, terminal: Screen) -> subprocess.Popen[bytes]:
    """`status --watch` every tenth of a second, on that terminal."""
    return pod.start_writing_to(terminal.side, "status", "--watch", "0.1")


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_terminal_is_redrawn_in_place_and_left_in_order(signed_in: Pod, signum: int, code: int) -> None:
    """Nothing is cleared before it is written anew, so nothing flickers; at the end the cursor is back, the
    last picture stands, and the exit code is the usual one.
    """
    with screen(80) as terminal:
        process = watching(signed_in, terminal)
        eventually(lambda: terminal.read().count("signed in") > 3, "some pictures")
        process.send_signal(signum)
        assert process.wait(5) == code
        text = terminal.read()
    assert text.startswith("\x1b[?25l")
    assert text.endswith("\x1b[?25h")
    pictures = text.removesuffix("\x1b[?25h").split("\r\x1b[")[0:1] + re.split(r"\x1b\[\d+A\r", text)[1:]
    assert len(pictures) > 3
    assert "\x1b[2J" not in text
    heights = {picture.count("\r\n") for picture in pictures[1:]}
    assert {f"\x1b[{height}A" for height in heights} == set(re.findall(r"\x1b\[\d+A", text))


def test_narrow_terminal_shows_it_too(signed_in: Pod) -> None:
    """At 40 columns no line reaches the edge, where a terminal would wrap it."""
    with screen(40) as terminal:
        process = watching(signed_in, terminal)
        eventually(lambda: terminal.read().count("signed in") > 1, "two pictures")
        process.terminate()
        assert process.wait(5) == 143
        text = re.sub(r"\x1b\[\??\d*[a-zA-Z]", "", terminal.read())
    assert max(len(line) for line in text.replace("\r", "").splitlines()) < 40
    assert "alice@contoso.example" in text


def test_pipe_gets_one_report_after_another(signed_in: Pod) -> None:
    """No cursor moves; for programs one line of JSON each."""
    running = signed_in.start("status", "--watch", "0.1")
    eventually(lambda: running.output.count("signed in  ") > 2, "three reports")
    assert running.stop()[0] == 143
    assert "\x1b" not in running.output
    running = signed_in.start("status", "--json", "--watch", "0.1")
    eventually(lambda: running.output.count("\n") > 2, "three lines")
    assert running.stop(signal.SIGINT)[0] == 130
    for line in running.output.splitlines():
        assert objections("status", parsed(line)) == []


def test_program_on_a_terminal_gets_plain_lines(signed_in: Pod) -> None:
    """`ssh -t` or `docker run -t` between it and us changes nothing about the JSON."""
    with screen(80) as terminal:
        process = signed_in.start_writing_to(terminal.side, "status", "--json", "--watch", "0.1")
        eventually(lambda: terminal.read().count("\n") > 2, "three lines")
        process.terminate()
        assert process.wait(5) == 143
        text = terminal.read()
    assert "\x1b" not in text
    assert objections("status", parsed(text.splitlines()[0])) == []


def test_reader_that_has_gone_ends_it(signed_in: Pod) -> None:
    """`status --watch | head -1` comes to an end, without a traceback."""
    reading, writing = os.pipe()
    process = signed_in.start_writing_to(writing, "status", "--watch", "0.1")
    os.close(writing)
    os.read(reading, 10)
    os.close(reading)
    assert process.wait(10) in (0, 120)


def test_budget_is_what_the_probe_goes_by(signed_in: Pod) -> None:
    """Until then readiness stays green without the authority: a minute less than the token lives."""
    code, output = signed_in.run("status", "--json")
    status = parsed(output)
    assert (code, objections("status", status)) == (0, [])
    token = status["tokens"]["token"]
    assert abs(token["remaining_seconds"] - status["outage_budget_seconds"] - 60) <= 1
    assert 3595 <= token["life_seconds"] <= 3600

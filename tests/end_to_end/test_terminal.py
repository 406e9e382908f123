"""`signin` at a terminal."""

from __future__ import annotations

import os
import re
import signal
import struct
import termios
import threading
import time
from collections.abc import Iterator
from fcntl import ioctl

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod, eventually
from tests.pictures import read_codes

LINE = re.compile(r"Waiting for the sign-in: (\d+):(\d\d) left")


class Window:
    """A pseudo-terminal of 80 columns, and all that was written to it."""

    def __init__(self) -> None:
        self._master, self.slave = os.openpty()
        ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        self._bytes = b""
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        try:
            while part := os.read(self._master, 1 << 16):
                self._bytes += part
        except OSError:  # nobody has it open any more (pty(7))
            pass

    @property
    def text(self) -> str:
        """So far."""
        return self._bytes.decode().replace("\r\n", "\n")

    def close(self) -> None:
        """Our end, and then the reader's."""
        os.close(self.slave)
        self._thread.join(timeout=10)
        os.close(self._master)


@pytest.fixture
def window() -> Iterator[Window]:
    """Open for a test."""
    window = Window()
    yield window
    window.close()


def test_terminal_counts_down_and_is_left_clean(pod: Pod, entra: Emulator, window: Window) -> None:
    """One line that is written over each second; the banner's QR code is whole, and no line is left below
    the last event. Counting asks the authority nothing.
    """
    pod.settings |= {"SIDECAR_LOG_FORMAT": "console", "SIDECAR_LOG_LEVEL": "info"}
    entra.policy.interval = 5
    process = pod.start_writing_to(window.slave, "signin")
    eventually(lambda: len(set(LINE.findall(window.text))) >= 3, "three seconds")
    assert entra.count("token:device_code") == 0
    banner = window.text[window.text.index("=====") :]
    assert read_codes(banner[: banner.index("Waiting")], dark=True) == [f"{entra.authority_host}/devicelogin"]
    entra.approve()
    assert process.wait(20) == 0
    after = window.text.rpartition(" left")[2]
    assert after.startswith("\r\x1b[K")
    assert "signin.completed" in after
    assert "signin.withdrawn" not in after
    assert after.endswith("\n")


def test_term_during_the_countdown_ends_within_a_second(pod: Pod, window: Window) -> None:
    """The line is taken away, the prompt withdrawn, and both said on lines of their own."""
    pod.settings |= {"SIDECAR_LOG_FORMAT": "console", "SIDECAR_LOG_LEVEL": "info"}
    process = pod.start_writing_to(window.slave, "signin")
    eventually(lambda: LINE.search(window.text), "the countdown")
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    assert time.monotonic() - started < 4
    lines = re.sub(r"\x1b\[\d+m", "", window.text.rpartition(" left")[2]).splitlines()
    assert lines[-2].split()[2:4] == ["]", "signin.withdrawn"]
    assert "outcome=cancelled" in lines[-2]
    assert "shutdown.requested" in lines[-1]

"""What programs and people asked for, on stdout, whose reader may be gone."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress


def say(text: str) -> None:
    """On stdout, at once. A character that the locale cannot encode is escaped; who does not read any more
    does not need it.
    """
    if sys.stdout is None:  # closed by whoever started us
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:
        give_up_stdout()


def give_up_stdout() -> None:
    """Its reader is gone, or its disk is full: the interpreter would fail on it once more at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

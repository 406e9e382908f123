"""The stream that people look at: a log, or a terminal with one line that is written over."""

from __future__ import annotations

import io
import os
from typing import TextIO

from sidecar.core.screen import LOG_COLUMNS, Screen

CLEAR = "\r\x1b[K"


class Terminal(io.TextIOBase):
    """Writes through to `stream`. Whatever is written takes the place of the line that `overwrite` left,
    in the same write: a signal's handler may raise between two.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._dirty = False

    def screen(self) -> Screen:
        """As it is now: windows change their width."""
        blocks = (getattr(self._stream, "encoding", None) or "").lower().replace("-", "") in (
            "utf8",
            "utf8sig",
        )
        if not self._stream.isatty():
            return Screen(blocks=blocks)
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except OSError:
            columns = 0
        # A serial line does not know its width.
        return Screen(columns=columns or LOG_COLUMNS, blocks=blocks, live=True)

    def overwrite(self, text: str) -> None:
        """One line without a newline, in the place of the last one; empty to take it away."""
        if text or self._dirty:
            self._dirty = True
            self._stream.write(CLEAR + text)
            self._stream.flush()
            self._dirty = bool(text)

    def write(self, text: str) -> int:
        """As a stream does."""
        clear, self._dirty = CLEAR if self._dirty else "", False
        self._stream.write(clear + text)
        return len(text)

    def flush(self) -> None:
        """As a stream does."""
        self._stream.flush()

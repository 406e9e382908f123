"""`status --watch`: redrawn in place on a terminal, appended to anything else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
TO_END_OF_LINE, TO_END_OF_SCREEN = "\x1b[K", "\x1b[J"

Draw = Callable[[int], list[str]]
"""The lines for a width."""


def follow(
    draw: Draw, *, stream: TextIO, seconds: float, sleep: Callable[[float], None], for_people: bool
) -> None:
    """For ever; each picture is one write, so that no reader sees half of one.

    :raises OSError: nobody reads any more
    """
    if for_people and stream.isatty():
        with _cursor_hidden(stream):
            _redraw(draw, stream=stream, seconds=seconds, sleep=sleep)
    while True:
        stream.write("".join(f"{line}\n" for line in draw(80)))
        stream.flush()
        sleep(seconds)


def _redraw(draw: Draw, *, stream: TextIO, seconds: float, sleep: Callable[[float], None]) -> None:
    """Over the last picture, line by line: nothing is cleared before it is written anew."""
    drawn = 0
    while True:
        columns, rows = _size(stream)
        lines = draw(max(columns - 1, 1))[: max(rows - 1, 1)]
        up = f"\x1b[{drawn}A" if drawn else ""
        body = "".join(f"{line}{TO_END_OF_LINE}\r\n" for line in lines)
        stream.write(f"{up}\r{body}{TO_END_OF_SCREEN}")
        stream.flush()
        drawn = len(lines)
        sleep(seconds)


def _size(stream: TextIO) -> tuple[int, int]:
    """Columns and rows; a terminal that does not say has 80 and 24."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        size = shutil.get_terminal_size()
    return size.columns or 80, size.lines or 24


@contextmanager
def _cursor_hidden(stream: TextIO) -> Iterator[None]:
    stream.write(HIDE_CURSOR)
    try:
        yield
    finally:
        stream.write(SHOW_CURSOR)
        stream.flush()

"""What people look at."""

from __future__ import annotations

from dataclasses import dataclass

LOG_COLUMNS = 60
"""Narrow enough for the names that tools put in front of each line: `signin-1  | `."""


@dataclass(frozen=True)
class Screen:
    """What people look at. `live`: a terminal, where a line can be written over."""

    columns: int = LOG_COLUMNS
    blocks: bool = False
    """Whether its encoding has the characters of a QR code."""
    live: bool = False

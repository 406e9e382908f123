"""How a check says that there is nothing to look at."""

from __future__ import annotations


class Skipped(Exception):
    """The reason is its text."""

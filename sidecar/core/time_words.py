"""Instants and durations in words."""

from __future__ import annotations

import time
from contextlib import suppress


def utc(instant: object) -> str:
    """14:05 UTC; what no calendar knows comes from a damaged file."""
    return _shown("%H:%M UTC", instant)


def utc_date(instant: object) -> str:
    """2026-01-31 14:05 UTC."""
    return _shown("%Y-%m-%d %H:%M UTC", instant)


def span(seconds: float) -> str:
    """59 s, 42 min, 3 h 5 min, 40 days; the sign is left to the words around it."""
    whole = abs(int(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 2880 else f"{minutes // 1440} days"


def _shown(format: str, instant: object) -> str:
    if isinstance(instant, int | float):
        with suppress(OverflowError, ValueError, OSError):
            return time.strftime(format, time.gmtime(instant))
    return "an unknown time"

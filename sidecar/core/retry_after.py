"""The headers that tell of time: Retry-After and dates (RFC 9110 sections 10.2.3 and 5.6.7)."""

from __future__ import annotations

import email.utils
from datetime import UTC


def retry_after_seconds(value: str | None, *, now: float) -> int | None:
    """Retry-After as seconds, given as seconds or as an HTTP date; `now` is by the clock of who sent it."""
    if value and value.strip().isdecimal():
        return int(value.strip()[:9])
    instant = instant_of(value)
    return None if instant is None else max(int(instant - now), 0)


def instant_of(value: str | None) -> float | None:
    """An HTTP date as seconds since 1970; None if it is none."""
    try:
        at = email.utils.parsedate_to_datetime(value or "")
        # A date that names no zone (`-0000`) is UTC, whatever the zone of this machine.
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None

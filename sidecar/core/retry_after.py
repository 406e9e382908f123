"""The Retry-After header (RFC 9110 section 10.2.3)."""

from __future__ import annotations

import email.utils
from datetime import UTC


def retry_after_seconds(value: str | None, *, now: float) -> int | None:
    """Retry-After as seconds, given as seconds or as an HTTP date (RFC 9110 section 10.2.3)."""
    if not value:
        return None
    if value.strip().isdecimal():
        return int(value.strip()[:9])
    try:
        at = email.utils.parsedate_to_datetime(value)
        # A date that names no zone (`-0000`) is UTC, whatever the zone of this machine.
        instant = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(int(instant - now), 0)

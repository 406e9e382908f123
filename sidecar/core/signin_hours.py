"""When people may be asked to sign in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class SigninHours:
    """`days` as 0 for Monday to 6; minutes of the day in `zone`, `end` up to 1440 and after `begin`."""

    days: frozenset[int]
    begin: int
    end: int
    zone: tzinfo


def signin_hours_from(text: str, *, zone: Callable[[str], tzinfo]) -> SigninHours:
    """Read `mon-fri 08:00-18:00 Europe/Berlin`; days and zone may be left out: every day, UTC.

    :raises ValueError: with what would be right
    """
    found = re.fullmatch(r"(?:([a-z,-]+)\s+)?(\d\d):(\d\d)-(\d\d):(\d\d)(?:\s+(\S+))?", text.strip(), re.I)
    if not found:
        raise ValueError("give days, hours and a zone, such as mon-fri 08:00-18:00 Europe/Berlin")
    begin, end = int(found[2]) * 60 + int(found[3]), int(found[4]) * 60 + int(found[5])
    if not 0 <= begin < end <= 1440 or int(found[3]) > 59 or int(found[5]) > 59:
        raise ValueError("give hours of one day, the later one last, such as 08:00-18:00")
    return SigninHours(_days(found[1]), begin, end, zone(found[6]) if found[6] else UTC)


def _days(text: str | None) -> frozenset[int]:
    days: set[int] = set()
    for part in (text or "mon-sun").lower().split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError("give days as mon, tue, wed, thu, fri, sat, sun, such as mon-fri or mon,wed")
        span = (DAYS.index(last or first) - DAYS.index(first)) % 7
        days |= {(DAYS.index(first) + day) % 7 for day in range(span + 1)}
    return frozenset(days)

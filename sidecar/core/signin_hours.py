"""When people may be asked to sign in.

All functions ask `_openings`, so that they agree: one opening a day from `begin` to `end` by the clock on
the wall of the zone. Where that clock jumps over `begin` or `end` or shows it twice (daylight saving time),
the opening is the one of the offset before the change: an hour longer or shorter, or moved by an hour, once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FAR_DAYS = 9
"""Within so many days something opens: `days` is never empty, and no zone skips more than one day."""


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


def inside(hours: SigninHours | None, instant: float) -> bool:
    """Whether people may be asked then; without `hours` they always may."""
    return hours is None or any(
        begin <= instant < end for begin, end in _openings(hours, instant, step=-1, days=3)
    )


def next_opening(hours: SigninHours | None, instant: float) -> int:
    """The first second from `instant` on at which people may be asked: that one if they may then."""
    if hours is None or inside(hours, instant):
        return math.ceil(instant)
    return next(begin for begin, _ in _openings(hours, instant, step=1) if begin >= instant)


def open_seconds(hours: SigninHours | None, begin: float, end: float) -> float:
    """How long people may be asked between two instants, counted up to `FAR_DAYS` from `begin`."""
    if hours is None:
        return max(end - begin, 0)
    return sum(
        max(min(closing, end) - max(opening, begin), 0)
        for opening, closing in _openings(hours, begin, step=1)
    )


def last_instant_before(end: float, hours: SigninHours | None, *, seconds: float) -> int:
    """The last second after which there are `seconds` of these hours before `end`; the begin of the
    earliest opening looked at if there are not so many.
    """
    if hours is None:
        return math.floor(end - seconds)
    earliest = math.floor(end - seconds)
    for opening, closing in _openings(hours, end, step=-1):
        open_here = min(closing, end) - opening
        if open_here <= 0:
            continue
        earliest = opening
        if open_here >= seconds:
            return math.floor(opening + open_here - seconds)
        seconds -= open_here
    return earliest


def _openings(
    hours: SigninHours, instant: float, *, step: int, days: int = FAR_DAYS
) -> Iterator[tuple[int, int]]:
    """(begin, end) of the openings of the days around `instant`, in the order of time with `step` 1, the
    latest first with -1.
    """
    day = datetime.fromtimestamp(instant, hours.zone).date() - timedelta(days=step)
    for _ in range(days + 1):
        if day.weekday() in hours.days:
            midnight = datetime.combine(day, time(), hours.zone)
            # Arithmetic on an aware datetime is by the clock on the wall (datetime, "Aware and naive").
            begin = math.ceil((midnight + timedelta(minutes=hours.begin)).timestamp())
            end = math.ceil((midnight + timedelta(minutes=hours.end)).timestamp())
            if begin < end:
                yield begin, end
        day += timedelta(days=step)


def _days(text: str | None) -> frozenset[int]:
    days: set[int] = set()
    for part in (text or "mon-sun").lower().split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError("give days as mon, tue, wed, thu, fri, sat, sun, such as mon-fri or mon,wed")
        span = (DAYS.index(last or first) - DAYS.index(first)) % 7
        days |= {(DAYS.index(first) + day) % 7 for day in range(span + 1)}
    return frozenset(days)

"""The hours at which people may be asked: by the clock on the wall, through every change of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.signin_hours import (
    SigninHours,
    inside,
    last_instant_before,
    next_opening,
    open_seconds,
    signin_hours_from,
)

HOUR = 3600
DAY = 24 * HOUR
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia")

hours_of_some_zone = st.builds(
    lambda days, minutes, zone: SigninHours(days, min(minutes), max(minutes), ZoneInfo(zone)),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.sets(st.integers(0, 1440), min_size=2, max_size=2),
    st.sampled_from(ZONES),
)
instants = st.integers(1_300_000_000, 2_100_000_000)


def office(zone: str = "Europe/Berlin") -> SigninHours:
    """Working hours."""
    return signin_hours_from(f"mon-fri 08:00-18:00 {zone}", zone=ZoneInfo)


def at(text: str) -> float:
    """An instant as `2026-03-27 18:00` in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-03-27 07:59:59", "2026-03-27 08:00"),
        ("2026-03-27 08:00", "2026-03-27 08:00"),
        ("2026-03-27 17:59:59", "2026-03-27 17:59:59"),
        ("2026-03-27 18:00", "2026-03-30 08:00"),  # a Friday; summer time begins on the Sunday
        ("2026-10-23 18:00", "2026-10-26 08:00"),  # the same where it ends
    ],
)
def test_next_opening_is_by_the_clock_on_the_wall(when: str, expected: str) -> None:
    """Eight o'clock is eight o'clock on either side of a change of time."""
    assert next_opening(office(), at(when)) == at(expected)


def test_without_hours_people_may_always_be_asked() -> None:
    """SIDECAR_SIGNIN_HOURS is not set."""
    assert inside(None, 5)
    assert next_opening(None, 5) == 5
    assert open_seconds(None, 5, 8) == 3
    assert last_instant_before(100, None, seconds=40) == 60


def test_last_hours_before_a_weekend() -> None:
    """Two hours before an end on Saturday are the last two of Friday; twelve reach into Thursday."""
    end = at("2026-03-28 03:00")
    assert last_instant_before(end, office(), seconds=2 * HOUR) == at("2026-03-27 16:00")
    assert last_instant_before(end, office(), seconds=12 * HOUR) == at("2026-03-26 16:00")


def test_days_and_minutes_of_a_zone_where_nothing_changes() -> None:
    """Whole days, and a day that ends at midnight."""
    hours = signin_hours_from("sat,sun 00:00-24:00", zone=ZoneInfo)
    saturday = datetime(2026, 3, 28, tzinfo=UTC).timestamp()
    assert [inside(hours, saturday + seconds) for seconds in (-1, 0, DAY, 2 * DAY - 1, 2 * DAY)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert open_seconds(hours, saturday - DAY, saturday + 3 * DAY) == 2 * DAY


@given(hours=hours_of_some_zone, instant=instants)
def test_inside_is_what_the_wall_shows(hours: SigninHours, instant: int) -> None:
    """Day and minute of the zone decide, but for the day on which its clock is changed."""
    local = datetime.fromtimestamp(instant, hours.zone)
    around = {
        datetime.fromtimestamp(instant + hour * HOUR, hours.zone).utcoffset() for hour in range(-26, 27)
    }
    if len(around) > 1:
        return
    minute = local.hour * 60 + local.minute
    assert inside(hours, instant) == (local.weekday() in hours.days and hours.begin <= minute < hours.end)


@given(hours=hours_of_some_zone, instant=instants)
def test_next_opening_is_the_first(hours: SigninHours, instant: int) -> None:
    """It is inside, not in the past, within nine days, and nothing before it is inside."""
    opening = next_opening(hours, instant)
    assert inside(hours, opening)
    assert instant <= opening <= instant + 9 * DAY
    assert open_seconds(hours, instant, opening) == 0
    if opening > instant:
        assert not inside(hours, opening - 1)


@given(hours=hours_of_some_zone, instant=instants, minutes=st.integers(1, 300))
def test_last_instant_leaves_the_time_that_was_asked_for(
    hours: SigninHours, instant: int, minutes: int
) -> None:
    """Exactly so much of the hours lies between it and the end, and people may be asked then."""
    begin = last_instant_before(instant, hours, seconds=minutes * 60)
    assert begin < instant
    assert inside(hours, begin)
    enough = open_seconds(hours, begin, instant)
    if enough != minutes * 60:  # the hours of a week are fewer: as early as they begin
        assert enough < minutes * 60
        assert open_seconds(hours, instant - 7 * DAY, begin) == 0


@given(hours=hours_of_some_zone, instant=instants)
def test_a_week_has_the_minutes_that_were_set(hours: SigninHours, instant: int) -> None:
    """Give or take the hours by which the clock is changed within it."""
    expected = len(hours.days) * (hours.end - hours.begin) * 60
    found = open_seconds(hours, instant, instant + timedelta(days=7).total_seconds())
    offsets = {datetime.fromtimestamp(instant + day * DAY, hours.zone).utcoffset() for day in range(-1, 9)}
    if len(offsets) == 1:
        assert found == expected

"""Retry-After: seconds or a date, and never anything that stops a turn."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.retry_after import retry_after_seconds
from tests.core.strategies import NOW


@given(seconds=st.integers(0, 999_999_999))
def test_digits_are_seconds(seconds: int) -> None:
    """RFC 9110 section 10.2.3: delay-seconds; spaces around them do no harm."""
    assert retry_after_seconds(f" {seconds} ", now=NOW) == seconds


@given(seconds=st.integers(-(10**9), 10**9))
def test_date_counts_from_now_and_never_backwards(seconds: int) -> None:
    """A date that has passed asks for no pause at all."""
    date = email.utils.formatdate(NOW + seconds, usegmt=True)
    assert retry_after_seconds(date, now=NOW) == max(seconds, 0)


@pytest.fixture
def _tokyo() -> Iterator[None]:
    """A machine nine hours ahead of UTC."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_tokyo")
def test_date_without_a_zone_is_utc() -> None:
    """HTTP knows no other zone; that of this machine has no say (`-0000` names none)."""
    date = email.utils.formatdate(NOW + 60)
    assert date.endswith("-0000")
    assert retry_after_seconds(date, now=NOW) == 60


@pytest.mark.parametrize(
    "value",
    [None, "", " ", "soon", "-5", "1.5", "²", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan"],
)
def test_header_that_says_nothing_is_none(value: str | None) -> None:
    """Our own back-off counts then."""
    assert retry_after_seconds(value, now=NOW) is None


@given(
    value=st.text(max_size=40)
    | st.from_regex(r"\A[A-Z][a-z]{2}, \d{1,20} Jan \d{1,20} \d{1,20}:00:00 .{0,6}\Z")
)
def test_any_header_is_a_pause_or_none(value: str) -> None:
    """No header is an error of ours."""
    found = retry_after_seconds(value, now=NOW)
    assert found is None or found >= 0

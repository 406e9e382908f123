"""When an open prompt is spoken of again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.reminders import GAP_SECONDS, is_due, moments


@pytest.mark.parametrize(
    ("life", "left"),
    [
        (900, (600, 300, 60)),
        (300, (200, 100)),
        (180, (120, 60)),
        (120, (60,)),
        (119, ()),
        (30, ()),
    ],
)
def test_moments_of_usual_lives(life: int, left: tuple[int, ...]) -> None:
    """A third, two thirds, and a minute before the end of Entra's 15 min; fewer of shorter ones."""
    assert moments(life) == left


@given(life=st.integers(0, 10_000), steps=st.lists(st.integers(1, 400), max_size=60))
def test_reminders_are_a_minute_apart_whenever_one_looks(life: int, steps: list[int]) -> None:
    """From each other and from the banner; three at most, none after the end."""
    left, last = float(life), float(life)
    told = 0
    for step in steps:
        left -= step
        if is_due(life_seconds=life, left=left, last_left=last):
            assert last - left >= GAP_SECONDS
            assert left > 0
            last = left
            told += 1
    assert told <= 3


def test_late_reminder_puts_off_the_next() -> None:
    """Of three minutes the first is due with two left; told with 70 s left, it is enough."""
    assert is_due(life_seconds=180, left=70, last_left=180)
    assert not is_due(life_seconds=180, left=60, last_left=70)
    assert is_due(life_seconds=180, left=60, last_left=120)

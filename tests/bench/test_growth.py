"""Nothing grows: a pod that renews for long, on any day of CI for some hundred renewals."""

from __future__ import annotations

import pytest

from tests.bench.growth import Point, curve, ratios


def test_pod_that_renews_for_long_holds_no_more() -> None:
    """From the hundredth renewal to the last not one file more, and no more bytes of files and log."""
    points = curve(300)
    assert [point.renewals for point in points] == [10, 100, 300]
    assert [row.median for row in ratios(points)] == [pytest.approx(1, abs=0.002)] * 3
    assert len({(point.state_files, point.token_files) for point in points}) == 1


def test_bad_network_leaves_nothing_behind() -> None:
    """Failures are in the history, which is as long as it may be, and in no file beyond."""
    points = curve(150, stormy=True)
    fair = curve(10)
    assert points[-1].log_bytes > fair[-1].log_bytes
    assert {(point.state_files, point.token_files) for point in points} == {
        (fair[-1].state_files, fair[-1].token_files)
    }
    assert points[-1].state_bytes < 15_000


def test_growth_is_the_last_over_the_one_after_a_thousand() -> None:
    """What is measured before a history is full is no growth."""
    points = [Point(number, number, 1, 50, 1, 4.0 + number) for number in (10, 1000, 10_000)]
    assert {row.what: row.median for row in ratios(points)} == {
        "growth_state": 10,
        "growth_tokens": 1,
        "growth_log": 9.964,
    }
    assert ratios(points[:2])[0].median == 100

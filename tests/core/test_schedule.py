"""When to renew, when to try again, when to wake."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import schedule
from sidecar.core.schedule import Anchor, Attempts
from tests.core.strategies import DAY, NOW, attempts, fractions, instants, lives, spreads, token_of

moments = st.floats(NOW, NOW + DAY)


def earliest(life: int) -> float:
    """When the first seconds of a token's life are over."""
    return NOW + min(6, 0.8 * life)


@given(life=lives, refresh_at=fractions, spread=spreads, refresh_on=st.none() | instants)
def test_renewal_is_never_past_four_fifths_of_life_nor_before_issue(
    life: int, refresh_at: float, spread: float, refresh_on: int | None
) -> None:
    """Whatever the authority advises and wherever the pod stands, a retry still fits before expiry."""
    token = token_of(life, refresh_on=refresh_on)
    renew_on = schedule.renewal_instant(token, refresh_at=refresh_at, spread=spread)
    assert token.issued_on <= renew_on <= token.issued_on + 0.8 * life


@given(life=lives, refresh_at=fractions, spread=spreads)
def test_jitter_stays_within_a_tenth_of_life(life: int, refresh_at: float, spread: float) -> None:
    """A pod renews at most a tenth of the life (and the rounding) off the fraction that was set."""
    renew_on = schedule.renewal_instant(token_of(life), refresh_at=refresh_at, spread=spread)
    assert abs(renew_on - max(NOW + life * refresh_at, earliest(life))) <= 0.1 * life + 1


@given(life=lives, advised=fractions, refresh_at=fractions, spread=spreads)
def test_advice_of_the_authority_replaces_the_fraction(
    life: int, advised: float, refresh_at: float, spread: float
) -> None:
    """With `refresh_on`, the setting has no say; the jitter is the same."""
    refresh_on = NOW + int(life * advised)
    token = token_of(life, refresh_on=refresh_on)
    renew_on = schedule.renewal_instant(token, refresh_at=refresh_at, spread=spread)
    assert abs(renew_on - max(refresh_on, earliest(life))) <= 0.1 * life + 1


@given(life=lives, refresh_at=fractions, spread=spreads, refresh_on=st.none() | instants)
def test_no_advice_makes_more_than_ten_renewals_a_minute(
    life: int, refresh_at: float, spread: float, refresh_on: int | None
) -> None:
    """Tokens of eight seconds and more are left alone for the first six."""
    token = token_of(life, refresh_on=refresh_on)
    renew_on = schedule.renewal_instant(token, refresh_at=refresh_at, spread=spread)
    assert renew_on - token.issued_on >= 6 or life < 8


@pytest.mark.parametrize(
    ("spread", "after_seconds"), [(-1.0, 2016), (-0.5, 2196), (0.0, 2376), (0.5, 2556), (1.0, 2736)]
)
def test_renewal_moves_with_the_place_in_the_fleet(spread: float, after_seconds: int) -> None:
    """An hour's token at 0.66 is renewed between 33.6 and 45.6 minutes, evenly by place."""
    assert schedule.renewal_instant(token_of(3600), refresh_at=0.66, spread=spread) == NOW + after_seconds


def test_token_without_life_is_renewed_at_its_issue() -> None:
    """A token that expires before it was issued does not push its renewal anywhere."""
    assert schedule.renewal_instant(token_of(-500), refresh_at=0.66, spread=1.0) == NOW


def test_fleet_spreads_evenly() -> None:
    """A thousand pods fill every tenth of the spread, each at its own place for ever."""
    places = [schedule.spread_of(f"web-7d4b9c-{number}") for number in range(1000)]
    assert all(-1 <= place <= 1 for place in places)
    tenths = Counter(math.floor((place + 1) * 5) for place in places)
    assert min(tenths[tenth] for tenth in range(10)) >= 70
    assert places == [schedule.spread_of(f"web-7d4b9c-{number}") for number in range(1000)]


@given(life=st.integers(-DAY, 30 * DAY), wanted=st.integers(0, 30 * DAY))
def test_readiness_never_asks_for_more_than_half_of_life(life: int, wanted: int) -> None:
    """A token fresh from the authority is ready, however long the setting."""
    asked = schedule.ready_seconds(token_of(life), wanted)
    assert 0 <= asked <= wanted
    assert asked <= max(life, 0) / 2
    assert asked == wanted or asked >= max(life, 0) / 2 - 1


def test_retries_double_from_five_seconds_to_a_minute() -> None:
    """The pauses between turns, failure by failure."""
    assert [schedule.retry_seconds(failures) for failures in range(1, 8)] == [5, 10, 20, 40, 60, 60, 60]


def test_place_in_the_fleet_takes_up_to_a_quarter_of_a_retry() -> None:
    """The pod that comes first does not wait for any pause longer than the one that comes last."""
    assert [schedule.retry_seconds(failures, spread=-1) for failures in range(1, 7)] == [4, 8, 15, 30, 45, 45]
    assert [schedule.retry_seconds(failures, spread=0.5) for failures in range(1, 8)] == [
        4,
        9,
        17,
        35,
        52,
        53,
        52,
    ]


def test_pods_in_step_have_parted_within_minutes() -> None:
    """A thousand pods that fail in one second: after ten tries no second sees more than a few of them."""
    pods = [schedule.spread_of(f"web-{number}") for number in range(1000)]
    tenth = Counter(
        sum(schedule.retry_seconds(failures, spread=place) for failures in range(1, 11)) for place in pods
    )
    assert max(tenth.values()) < 40
    hundredth = Counter(
        sum(schedule.retry_seconds(failures, spread=place) for failures in range(1, 101)) % 60
        for place in pods
    )
    assert len(hundredth) == 60
    assert max(hundredth.values()) < 50


@pytest.mark.parametrize(
    ("retry_after", "last"), [(11, 13), (120, 150), (240, 300), (3600, 3660), (10**6, 3660)]
)
def test_fleet_that_was_told_one_instant_comes_back_over_a_minute(retry_after: int, last: int) -> None:
    """A quarter of a Retry-After later at most, and a minute: never sooner."""
    pauses = [
        schedule.retry_seconds(3, retry_after=retry_after, spread=place / 100) for place in range(-100, 101)
    ]
    granted = min(retry_after, 3600)
    assert min(pauses) == max(granted, 15)
    assert max(pauses) == max(last, 20)


@given(
    failures=st.integers(0, 10**9),
    retry_after=st.none() | st.integers(-(10**9), 10**9),
    spread=spreads,
)
def test_retry_after_only_lengthens_a_pause_and_by_an_hour_at_most(
    failures: int, retry_after: int | None, spread: float
) -> None:
    """A server's wish is granted up to an hour, and none makes the pause shorter than our own."""
    own = schedule.retry_seconds(failures, spread=spread)
    pause = schedule.retry_seconds(failures, retry_after=retry_after, spread=spread)
    assert 4 <= own <= 60
    assert own <= pause <= 3660
    assert pause >= min(retry_after or 0, 3600)
    assert schedule.retry_seconds(failures, retry_after=retry_after) <= 3600


@given(pause=st.integers(1, 3600), spread=spreads)
def test_longest_pause_that_is_given_is_kept(pause: int, spread: float) -> None:
    """A Retry-After of an hour, and the minute that this pod's place adds, is no clock that has leapt."""
    seconds = schedule.retry_seconds(1, retry_after=pause, spread=spread)
    record = schedule.failed(Attempts(), now=NOW + 0.5, pause_seconds=seconds, error="busy")
    assert schedule.held_back(record, now=NOW + 0.5)


def test_prompts_nobody_answers_come_back_more_and_more_slowly() -> None:
    """Half a minute, doubling to ten minutes, for ever."""
    pauses = [schedule.prompt_retry_seconds(failures) for failures in (1, 2, 3, 4, 5, 6, 10**6)]
    assert pauses == [30, 60, 120, 240, 480, 600, 600]


def test_refusals_by_policy_are_counted_apart_and_tried_again_within_an_hour() -> None:
    """A quarter of an hour, doubling to one, whatever failed before; any other failure ends the count."""
    assert [schedule.blocked_retry_seconds(times) for times in (1, 2, 3, 4, 10**6)] == [
        900,
        1800,
        3600,
        3600,
        3600,
    ]
    record = Attempts(failures=7)
    for blocked, count in ((True, 1), (True, 2), (False, 0), (True, 1)):
        record = schedule.failed(record, now=NOW, pause_seconds=9, error="no", blocked=blocked)
        assert record.blocked == count


@given(before=attempts, now=moments, pause=st.integers(1, 3600))
def test_failure_holds_the_next_try_back_for_its_pause_and_no_longer(
    before: Attempts, now: float, pause: int
) -> None:
    """At least the pause, less than a second more, and not beyond `retry_on`."""
    after = schedule.failed(before, now=now, pause_seconds=pause, error="busy")
    assert pause <= after.retry_on - now < pause + 1
    assert schedule.held_back(after, now=now)
    assert schedule.held_back(after, now=math.nextafter(after.retry_on, 0))
    assert not schedule.held_back(after, now=after.retry_on)


def test_failures_in_a_row_are_counted_from_the_first() -> None:
    """The record keeps the last success and the first failure; the message is the last one's."""
    first = schedule.failed(Attempts(succeeded_on=NOW - 60), now=NOW, pause_seconds=5, error="reset")
    second = schedule.failed(first, now=NOW + 5, pause_seconds=10, error="busy")
    assert second == Attempts(
        failures=2, retry_on=NOW + 15, succeeded_on=NOW - 60, failed_on=NOW, error="busy"
    )


def test_pause_that_no_failure_can_have_given_holds_nothing_back() -> None:
    """A clock that was a year ahead when the pause was set costs nobody a year."""
    longest = schedule.failed(Attempts(), now=NOW + 0.5, pause_seconds=3660, error="busy")
    assert schedule.held_back(longest, now=NOW + 0.5)
    assert not schedule.held_back(longest, now=NOW - 60)


@given(passed=st.floats(0, 30 * DAY))
def test_suspend_is_no_leap(passed: float) -> None:
    """Both clocks go on alike through sleep, however long."""
    assert not schedule.leap_seconds(Anchor(NOW, 5000, "boot"), Anchor(NOW + passed, 5000 + passed, "boot"))


@pytest.mark.parametrize("moved", [-DAY, -31, 31, DAY])
def test_wall_clock_that_moves_alone_has_leapt(moved: int) -> None:
    """More than half a minute, forwards or back."""
    assert schedule.leap_seconds(Anchor(NOW, 5000, "boot"), Anchor(NOW + 60 + moved, 5060, "boot"))


@pytest.mark.parametrize("moved", [-30, -1, 0, 1, 30])
def test_wall_clock_that_is_slewed_has_not_leapt(moved: int) -> None:
    """Corrections of a time daemon renew nothing."""
    assert not schedule.leap_seconds(Anchor(NOW, 5000, "boot"), Anchor(NOW + 60 + moved, 5060, "boot"))


@pytest.mark.parametrize("before", [None, Anchor(NOW, 5000, "another boot")])
def test_first_turn_of_a_boot_knows_of_no_leap(before: Anchor | None) -> None:
    """Without an anchor of the same boot there is nothing to compare."""
    assert not schedule.leap_seconds(before, Anchor(NOW + DAY, 10, "boot"))


@given(instants=st.lists(instants, max_size=5), now=moments)
def test_wake_is_the_earliest_instant_but_never_in_the_past(instants: list[int], now: float) -> None:
    """At least the next whole second; with nothing to do, a day on."""
    wake_on = schedule.next_wake(instants, now=now)
    assert wake_on > now
    if not instants:
        assert DAY <= wake_on - now < DAY + 1
    elif min(instants) > now:
        assert wake_on == min(instants)
    else:
        assert wake_on - now <= 1

"""What one turn has to do; and that what is due and when to wake never contradict each other."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.core import plan, schedule
from sidecar.core.plan import Policy, Situation
from sidecar.core.schedule import Attempts, failed
from sidecar.core.token import AccessToken
from tests.core.strategies import DAY, NOW, fractions, spreads, token_of

SCOPES = ("scope",)
POLICY = Policy(refresh_at=0.66, spread=0.0, min_validity_seconds=60)

policies = st.builds(
    Policy,
    refresh_at=fractions,
    spread=spreads,
    min_validity_seconds=st.integers(1, DAY),
    carry_seconds=st.sampled_from([0, schedule.CARRY_SECONDS]),
)
moments = st.floats(NOW, NOW + DAY)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Up to three tokens: fresh, stale, expired, missing, from the future; failing or not."""
    now = draw(moments)
    whole = int(now)
    lives = st.one_of(st.integers(1, 20), st.integers(1, 7200), st.integers(1, 30 * DAY))
    cached: dict[str, AccessToken] = {}
    attempts: dict[str, Attempts] = {}
    names = draw(st.lists(st.sampled_from(["", "arm", "graph"]), min_size=1, unique=True))
    for name in names:
        life = draw(lives)
        if draw(st.booleans()):
            issued_on = whole + draw(st.integers(-life - 10, 40))
            advised = draw(st.none() | st.integers(issued_on - 10, issued_on + life + 10))
            cached[name] = token_of(life, issued_on=issued_on, refresh_on=advised)
        attempts[name] = Attempts(
            failures=draw(st.integers(0, 3)),
            retry_on=whole + draw(st.integers(-100, 4000)),
            succeeded_on=whole - draw(st.one_of(st.integers(0, 5), st.integers(0, DAY))),
        )
    return Situation(now=now, wanted=dict.fromkeys(names, SCOPES), cached=cached, attempts=attempts)


def one(token: AccessToken | None, *, now: float, attempts: Attempts | None = None) -> Situation:
    """A situation with the unnamed token alone."""
    return Situation(
        now=now,
        wanted={"": SCOPES},
        cached={} if token is None else {"": token},
        attempts={} if attempts is None else {"": attempts},
    )


@given(situation=situations(), policy=policies, share=st.floats(0, 1))
def test_nothing_is_due_before_the_wake_and_something_at_it(
    situation: Situation, policy: Policy, share: float
) -> None:
    """The loop sleeps over nothing and never wakes for nothing."""
    assume(not plan.due_for_refresh(situation, policy))
    wake_on = plan.wake_on(situation, policy)
    assert wake_on > situation.now
    between = min(situation.now + share * (wake_on - situation.now), math.nextafter(wake_on, 0))
    assert plan.due_for_refresh(replace(situation, now=between), policy) == []
    assert plan.due_for_refresh(replace(situation, now=wake_on), policy) != []


@given(situation=situations(), policy=policies)
def test_whatever_is_due_now_is_looked_at_again_within_a_second(situation: Situation, policy: Policy) -> None:
    """A turn that could not do its work leaves a wake in the future, and a near one."""
    assume(plan.due_for_refresh(situation, policy))
    assert 0 < plan.wake_on(situation, policy) - situation.now <= 1


@given(
    life=st.integers(10, 7200),
    took=st.floats(0, 4),
    refresh_on=st.none() | st.integers(NOW - 10, NOW + 7200),
    policy=policies,
)
def test_tokens_of_ten_seconds_or_more_are_renewed_before_they_expire(
    life: int, took: float, refresh_on: int | None, policy: Policy
) -> None:
    """Wherever the pod stands and whatever was advised, even if the request took some seconds."""
    token = token_of(life, refresh_on=refresh_on)
    now = NOW + took
    situation = one(token, now=now, attempts=Attempts(succeeded_on=int(now)))
    assert plan.wake_on(situation, policy) < token.expires_on


@given(
    life=st.integers(1, 100),
    took=st.integers(0, 10),
    success=moments,
    later=st.floats(0, 2, exclude_max=True),
    refresh_on=st.none() | st.integers(NOW, NOW + 2 * DAY),
    policy=policies,
)
def test_success_is_followed_by_two_seconds_of_rest(
    life: int, took: int, success: float, later: float, refresh_on: int | None, policy: Policy
) -> None:
    """Also for a token that expired on its way here: no hot loop."""
    token = token_of(life, issued_on=int(success) - took, refresh_on=refresh_on)
    situation = one(token, now=success + later, attempts=Attempts(succeeded_on=int(success)))
    assert plan.due_for_refresh(situation, policy) == []
    assert plan.wake_on(situation, policy) >= success + 2


@pytest.mark.parametrize("took", [0, 5])
def test_short_lived_token_is_renewed_as_soon_as_the_rest_is_over(took: int) -> None:
    """Two seconds after the whole second in which the success fell had passed, and not later."""
    token = token_of(1, issued_on=NOW - took)
    situation = one(token, now=NOW + 0.9, attempts=Attempts(succeeded_on=NOW))
    assert plan.wake_on(situation, POLICY) == NOW + 3
    assert plan.due_for_refresh(replace(situation, now=NOW + 3), POLICY) == [""]


@given(
    life=st.integers(schedule.CARRIED_SECONDS, 30 * DAY),
    min_validity=st.integers(1, DAY),
    refresh_at=fractions,
    spread=spreads,
    advised=st.none() | fractions,
)
def test_token_that_has_to_be_carried_is_renewed_while_readiness_can_wait_for_it(
    life: int, min_validity: int, refresh_at: float, spread: float, advised: float | None
) -> None:
    """Apps see the next one 90 s later; what they have then still lives as long as readiness asks for."""
    token = token_of(life, refresh_on=None if advised is None else NOW + int(life * advised))
    policy = Policy(refresh_at, spread, min_validity, carry_seconds=schedule.CARRY_SECONDS)
    renewed_on = plan.wake_on(one(token, now=NOW), policy)
    assert token.expires_on - renewed_on >= schedule.ready_seconds(token, min_validity) + 90


@pytest.mark.parametrize(
    ("life", "after_seconds"), [(3600, 2736), (600, 420), (450, 277), (300, 165), (60, 15)]
)
def test_carriage_moves_only_what_would_come_too_late(life: int, after_seconds: int) -> None:
    """At the far end of the jitter. An hour's token has time enough; of a short one a fifth is given."""
    policy = Policy(0.66, 1.0, 60, carry_seconds=schedule.CARRY_SECONDS)
    assert plan.wake_on(one(token_of(life), now=NOW), policy) == NOW + after_seconds


@given(life=st.integers(1, 30 * DAY), refresh_at=fractions, spread=spreads, wanted=st.integers(1, DAY))
def test_carriage_never_makes_a_hot_loop(life: int, refresh_at: float, spread: float, wanted: int) -> None:
    """A fifth of the life at most, and not within the first seconds, however short it is."""
    without = Policy(refresh_at, spread, wanted)
    carried = replace(without, carry_seconds=schedule.CARRY_SECONDS)
    plain, early = (plan.wake_on(one(token_of(life), now=NOW), each) for each in (without, carried))
    assert 0 <= plain - early <= life / 5 + 1
    assert early - NOW >= min(6, int(life * 0.8), plain - NOW)


def test_signin_renews_what_would_end_on_its_way_to_the_apps() -> None:
    """A token of two minutes is ready here, and not there."""
    carried = replace(POLICY, carry_seconds=schedule.CARRY_SECONDS)
    situation = one(token_of(3600), now=NOW + 3480)
    assert plan.due_for_signin(situation, POLICY) == []
    assert plan.due_for_signin(situation, carried) == [""]


def test_success_in_the_future_holds_nothing_up() -> None:
    """A clock that was set back does not make a token wait for its own past."""
    token = token_of(3600, issued_on=NOW - 3000)
    situation = one(token, now=NOW, attempts=Attempts(succeeded_on=NOW + 20))
    assert plan.due_for_refresh(situation, POLICY) == [""]


def test_missing_token_is_due_at_once() -> None:
    """Whether it was never tried or is new in the settings."""
    assert plan.due_for_refresh(one(None, now=NOW), POLICY) == [""]
    assert plan.due_for_signin(one(None, now=NOW), POLICY) == [""]


@pytest.mark.parametrize(("ahead", "due"), [(29, []), (30, []), (31, [""]), (DAY, [""])])
def test_token_issued_in_the_future_is_due_at_once(ahead: int, due: list[str]) -> None:
    """The clock was ahead when it came, so its instants mean nothing; half a minute is forgiven."""
    assert plan.due_for_refresh(one(token_of(issued_on=NOW + ahead), now=NOW), POLICY) == due


def test_failed_renewal_is_retried_when_its_pause_is_over() -> None:
    """Neither sooner, though the renewal is overdue, nor as late as the token's own schedule says."""
    for issued_on in (NOW - 3000, NOW):
        token = token_of(3600, issued_on=issued_on)
        attempts = failed(Attempts(), now=NOW, pause_seconds=20, error="busy")
        assert plan.due_for_refresh(one(token, now=NOW + 19.9, attempts=attempts), POLICY) == []
        assert plan.wake_on(one(token, now=NOW + 0.5, attempts=attempts), POLICY) == NOW + 20
        assert plan.due_for_refresh(one(token, now=NOW + 20, attempts=attempts), POLICY) == [""]


def test_one_failing_token_neither_hurries_nor_delays_the_others() -> None:
    """Each name has a schedule of its own; the wake is the earliest of them."""
    situation = Situation(
        now=NOW,
        wanted={"": SCOPES, "arm": SCOPES},
        cached={"": token_of(3600), "arm": token_of(3600)},
        attempts={"arm": failed(Attempts(), now=NOW, pause_seconds=60, error="busy")},
    )
    assert plan.wake_on(situation, POLICY) == NOW + 60
    assert plan.due_for_refresh(replace(situation, now=NOW + 60), POLICY) == ["arm"]
    assert plan.due_for_refresh(replace(situation, now=NOW + 2376), POLICY) == ["", "arm"]


@given(situation=situations(), policy=policies)
def test_at_once_means_all_of_them(situation: Situation, policy: Policy) -> None:
    """HUP and a clock leap renew what is fresh and what is held back as well."""
    at_once = replace(situation, at_once=True)
    assert plan.due_for_refresh(at_once, policy) == list(situation.wanted)


def test_only_wanted_tokens_with_todays_scopes_are_usable() -> None:
    """A name that left the settings or got other scopes counts as not cached."""
    cached = {
        "": token_of(requested=("a", "b")),
        "arm": token_of(requested=("old",)),
        "gone": token_of(),
    }
    wanted = {"": ("a", "b"), "arm": ("new",), "added": ("x",)}
    assert plan.usable(cached, wanted) == {"": cached[""]}


@given(situation=situations(), policy=policies)
def test_signin_fetches_exactly_what_readiness_would_not_accept(situation: Situation, policy: Policy) -> None:
    """`signin` returns without a request exactly when the probe would be green for every token."""
    at_home = replace(policy, carry_seconds=0)
    due = plan.due_for_signin(situation, at_home)
    for name in situation.wanted:
        alone = {name: situation.cached[name]} if name in situation.cached else {}
        ready = plan.readiness(replace(situation, cached=alone), at_home)
        assert (name in due) == (ready is None or ready[1] <= situation.now)


@given(situation=situations(), policy=policies)
def test_signin_fetches_more_where_a_token_has_to_be_carried(situation: Situation, policy: Policy) -> None:
    """A token that nobody else would see before it ends is not enough, however ready this pod is."""
    at_home = plan.due_for_signin(situation, replace(policy, carry_seconds=0))
    for name in plan.due_for_signin(situation, policy):
        token = situation.cached.get(name)
        carried = 0 if token is None else schedule.carry_seconds(token, policy.carry_seconds)
        needed = 0 if token is None else schedule.ready_seconds(token, policy.min_validity_seconds)
        assert name in at_home or (
            token is not None and token.remaining_seconds(situation.now) <= needed + carried
        )
    assert set(at_home) <= set(plan.due_for_signin(situation, policy))


def test_readiness_ends_in_the_second_that_the_numbers_say() -> None:
    """The shell calls a token ready while the clock is before `ready_until`; so does `signin`."""
    token = token_of(3600)
    assert plan.due_for_signin(one(token, now=NOW + 3539.9), POLICY) == []
    assert plan.due_for_signin(one(token, now=NOW + 3540), POLICY) == [""]


@given(situation=situations(), policy=policies)
def test_ready_ends_before_live_does(situation: Situation, policy: Policy) -> None:
    """Readiness goes red while the token still works, never after."""
    judged = plan.readiness(situation, policy)
    if judged is None:
        assert situation.cached == {}
    else:
        live_until, ready_until = judged
        assert ready_until <= live_until


def test_readiness_judges_the_unnamed_token_alone() -> None:
    """A further audience that expires takes no pod out of service while the first token lives."""
    cached = {"arm": token_of(100), "": token_of(3600)}
    situation = Situation(now=NOW, wanted={}, cached=cached, attempts={})
    assert plan.readiness(situation, POLICY) == (NOW + 3600, NOW + 3540)


def test_readiness_judges_the_worst_named_token_if_there_is_no_other() -> None:
    """Live until the first of them expires; ready by the strictest of them, half of a short life."""
    cached = {"arm": token_of(3600), "graph": token_of(100)}
    situation = Situation(now=NOW, wanted={}, cached=cached, attempts={})
    assert plan.readiness(situation, POLICY) == (NOW + 100, NOW + 50)

"""What is known of a sign-in's end, and when the next one is asked for."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import session
from sidecar.core.session import Experience, Session, Told
from sidecar.core.signin_hours import SigninHours, inside, next_opening, open_seconds, signin_hours_from
from tests.core.strategies import DAY, NOW, json_values, sessions
from tests.core.test_signin_hours import hours_of_some_zone

HOUR = 3600
YEAR = 366 * DAY


def ended(at_least: int, at_most: int, *, aadsts: str = "70043", before: Session | None = None) -> Session:
    """A sign-in of NOW that was renewed at the one age and refused at the other."""
    return session.refused(
        before or Session(signed_in_on=NOW),
        token="",
        now=NOW + at_most,
        succeeded_on=NOW + at_least if at_least else 0,
        fields={"aadsts": aadsts},
    )


@pytest.mark.parametrize(
    ("life_seconds", "expected"),
    [
        (None, 300),
        (0, 0),
        (60, 15),
        (1200, 300),
        (HOUR, 360),
        (DAY, 2 * HOUR + 24 * 60),
        (10 * DAY, DAY),
        (90 * DAY, DAY),
    ],
)
def test_lead_is_a_tenth_within_bounds(life_seconds: int | None, expected: int) -> None:
    """Five minutes to a day, and never more than a quarter: short sign-ins are not asked for all the time."""
    assert session.lead_seconds(life_seconds) == expected


@pytest.mark.parametrize(
    ("later", "moved_by", "fixed"),
    [
        (HOUR, 0, True),
        (HOUR, 1, True),
        (HOUR, -DAY // 2, True),
        (HOUR, HOUR, False),
        (HOUR, HOUR - 1, False),
        (5, 5, False),
        (5, 1, True),
    ],
)
def test_end_is_believed_once_an_answer_has_not_moved_it(later: int, moved_by: int, fixed: bool) -> None:
    """A limit of inactivity moves as the time does; an end stays where it is."""
    first = session.began(Session(), now=NOW, ends_on=NOW + DAY)
    assert session.expectation(first) is None
    second = session.renewed(first, token="", now=NOW + later, ends_on=NOW + DAY + moved_by)
    assert (session.expectation(second) is not None) == fixed


def test_answers_of_one_moment_decide_nothing() -> None:
    """Several tokens are renewed together."""
    first = session.began(Session(), now=NOW, ends_on=NOW + DAY)
    assert session.renewed(first, token="arm", now=NOW + 1, ends_on=NOW + DAY) == first


def test_end_that_begins_to_stay_is_believed_then() -> None:
    """Where a limit of inactivity meets one of the whole session, as at Keycloak."""
    known = session.began(Session(), now=NOW, ends_on=NOW + HOUR)
    for minutes in range(10, 600, 10):
        now = NOW + minutes * 60
        known = session.renewed(known, token="", now=now, ends_on=min(now + HOUR, NOW + 10 * HOUR))
        assert (session.expectation(known) is None) == (minutes <= 540), minutes
    expected = session.expectation(known)
    assert expected is not None
    assert (expected.ends_on, expected.life_seconds) == (NOW + 10 * HOUR, 10 * HOUR)


def test_told_end_that_was_outlived_in_silence_is_forgotten() -> None:
    """The authority renews after it and does not tell another."""
    known = Session(signed_in_on=NOW, told=Told(NOW, NOW + HOUR, fixed=True))
    assert session.renewed(known, token="", now=NOW + HOUR, ends_on=None) == known
    assert session.renewed(known, token="", now=NOW + HOUR + 61, ends_on=None).told is None


@pytest.mark.parametrize(
    ("at_least", "at_most", "learned"),
    [(75, 100, True), (74, 100, False), (23 * HOUR, DAY, True), (0, DAY, False), (DAY, DAY - 1, False)],
)
def test_life_is_learned_where_it_is_known_to_a_quarter(at_least: int, at_most: int, learned: bool) -> None:
    """It is the lower bound that is expected again."""
    after = ended(at_least, at_most)
    assert after.experience == (Experience("", at_least, at_most) if learned else None)
    again = session.expectation(session.began(after, now=NOW + DAY, ends_on=None))
    assert (again is not None and again.ends_on == NOW + DAY + at_least) == learned


def test_refusals_of_one_sign_in_teach_once() -> None:
    """Each later one only says that it is still over."""
    after = ended(20 * HOUR, 24 * HOUR)
    assert ended(22 * HOUR, 26 * HOUR, before=after) == after


def test_lesson_is_that_of_the_last_sign_in() -> None:
    """The policy was changed to four hours."""
    before = session.began(ended(20 * HOUR, 24 * HOUR), now=NOW, ends_on=None)
    assert ended(210 * 60, 240 * 60, before=before).experience == Experience("", 210 * 60, 240 * 60)


def test_only_the_token_that_taught_it_disproves_it() -> None:
    """Other tokens never were under that policy."""
    known = Session(signed_in_on=NOW, experience=Experience("arm", HOUR, 2 * HOUR))
    late = NOW + 3 * HOUR
    assert session.renewed(known, token="", now=late, ends_on=None).experience is not None
    assert session.renewed(known, token="arm", now=late, ends_on=None).experience is None


def test_token_that_is_not_wanted_any_more_has_taught_nothing() -> None:
    """No success of it would ever disprove what it has taught."""
    known = Session(signed_in_on=NOW, experience=Experience("graph", HOUR, 2 * HOUR))
    assert session.without_other_tokens(known, {"graph", ""}) == known
    assert session.without_other_tokens(known, {"msgraph", ""}) == Session(signed_in_on=NOW)


def test_end_that_has_passed_is_none() -> None:
    """A quarter of a minute is the clocks' doubt."""
    expected = session.expectation(Session(signed_in_on=NOW, experience=Experience("", HOUR, 2 * HOUR)))
    assert expected is not None
    assert not session.outlived(expected, now=NOW + HOUR)
    assert session.outlived(expected, now=NOW + HOUR + session.SAME_SECONDS + 1)


def test_earlier_of_two_ends_counts() -> None:
    """Told and learned."""
    told = Told(NOW, NOW + DAY, fixed=True)
    for at_least, known in ((HOUR, session.LEARNED), (2 * DAY, session.TOLD)):
        both = Session(NOW, told, Experience("", at_least, at_least))
        expected = session.expectation(both)
        assert expected is not None
        assert expected.known == known


@given(known=sessions, hours=st.none() | hours_of_some_zone)
def test_people_are_asked_before_the_end_and_within_the_hours(
    known: Session, hours: SigninHours | None
) -> None:
    """Never in the first quarter of the life, and never at another time than the hours."""
    expected, asked_on = session.expectation(known), session.ask_on(known, hours)
    if expected is None:
        assert asked_on is None
    if expected is None or asked_on is None:
        return
    assert inside(hours, asked_on)
    life = expected.life_seconds
    lead = session.lead_seconds(life)
    assert asked_on < expected.ends_on
    assert life is None or asked_on >= expected.ends_on - life * 0.75
    if hours is None:
        assert asked_on == expected.ends_on - lead


@given(known=sessions, hours=hours_of_some_zone)
def test_lead_of_the_hours_is_kept_where_there_are_so_many(known: Session, hours: SigninHours) -> None:
    """Whoever works in these hours has the lead, or four of them, to see the prompt."""
    asked_on, expected = session.ask_on(known, hours), session.expectation(known)
    if asked_on is None or expected is None:
        return
    enough = min(session.lead_seconds(expected.life_seconds), session.HOURS_ENOUGH_SECONDS)
    if (hours.end - hours.begin) * 60 < enough:
        return
    found = open_seconds(hours, asked_on, expected.ends_on)
    planned = next_opening(hours, expected.ends_on - session.lead_seconds(expected.life_seconds))
    assert found >= enough or asked_on == planned


def test_first_hour_of_the_day_is_used_where_the_evening_before_is_too_early() -> None:
    """A sign-in of 16:50 that ends at 08:30 the next morning, and 16:56 would be the lead before that."""
    hours = signin_hours_from("08:00-18:00", zone=ZoneInfo)
    midnight = NOW - NOW % DAY
    known = Session(midnight + 16 * HOUR + 3000, Told(midnight, midnight + 32 * HOUR + 1800, fixed=True))
    assert session.ask_on(known, hours) == midnight + 32 * HOUR


def test_who_signed_in_before_the_evening_is_not_asked_again() -> None:
    """Twelve hours of 17:30 UTC end in the night, and a new sign-in would too."""
    hours = signin_hours_from("08:00-18:00", zone=ZoneInfo)
    evening = NOW - NOW % DAY + 17 * HOUR + 1800
    assert session.ask_on(Session(evening, experience=Experience("", DAY // 2, DAY // 2)), hours) is None
    assert session.ask_on(Session(evening, experience=Experience("", DAY, DAY)), hours) is not None


@given(known=sessions, seconds=st.integers(-10 * YEAR, 10 * YEAR))
def test_plan_moves_with_the_clock(known: Session, seconds: int) -> None:
    """After a leap it is asked after as many seconds as before."""
    told = [known.told.told_on, known.told.ends_on] if known.told else []
    instants = [known.signed_in_on, known.announced_on, *told]
    if min((instant for instant in instants if instant is not None), default=0) + seconds < 0:
        return
    asked_on = session.ask_on(known, None)
    after = session.ask_on(session.moved(known, seconds=seconds), None)
    assert after == (None if asked_on is None else asked_on + seconds)


@given(ours=sessions, theirs=sessions)
def test_session_of_another_replica_leaves_what_was_learned_here(ours: Session, theirs: Session) -> None:
    """It is taken as it is, but for one of the future."""
    found = session.adopted(ours, theirs, now=NOW, shift=0.0)
    assert (found.experience, found.announced_on) == (ours.experience, ours.announced_on)
    future = (theirs.signed_in_on or 0) > NOW + session.SAME_SECONDS
    expected = (None, None) if future else (theirs.signed_in_on, theirs.told)
    assert (found.signed_in_on, found.told) == expected


@given(garbage=json_values)
def test_garbage_is_a_session_of_which_nothing_is_known(garbage: object) -> None:
    """Whatever stands in its place."""
    assert isinstance(session.session_from(garbage), Session)


@pytest.mark.parametrize("value", [{}, [], 0, False, ""])
@pytest.mark.parametrize("field", ["told", "experience"])
def test_nothing_in_the_place_of_something_is_nothing_known(field: str, value: object) -> None:
    """What reads it later would fail on it, turn after turn."""
    record = {"signed_in_on": NOW, "told": None, "experience": None, "announced_on": None, field: value}
    assert session.session_from(record) == Session()


@pytest.mark.parametrize("value", [-1, 10**10, 10**400, float("inf"), float("nan"), "soon", [5]])
@pytest.mark.parametrize("field", ["signed_in_on", "announced_on"])
def test_instant_beyond_every_calendar_is_none(field: str, value: object) -> None:
    """A calendar that is asked for it would fail, turn after turn."""
    record = {"signed_in_on": NOW, "told": None, "experience": None, "announced_on": None, field: value}
    assert session.session_from(record) == Session()

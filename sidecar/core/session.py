"""How long a sign-in lasts, as far as the authority lets us know, and when to ask for the next one.

Two things are known, and they decide nothing but when a person is asked early:
1. told: answers with tokens say for how long the refresh token will be taken. Where each answer moves that
   end on, it is a limit of inactivity and says nothing; it is believed once a renewal has not moved it.
2. learned: an earlier sign-in ended by the tenant's sign-in frequency, after a time that is known well
   enough. A revocation, a new password or long inactivity teaches nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sidecar.core.signin_hours import SigninHours, last_instant_before, next_opening, open_seconds

LEAD_SHARE = 10
LEAD_MIN_SECONDS = 300
LEAD_MAX_SECONDS = 86400
LEAD_LATEST_SHARE = 4
"""The lead is a tenth of the sign-in's life, 5 min to a day, but never more than a quarter of it."""

HOURS_ENOUGH_SECONDS = 4 * 3600
"""So much of the hours before an end is enough for somebody to see the prompt, however long the lead."""

COMPARABLE_SECONDS = 5
"""Answers that come closer together than that do not tell a fixed end from one that moves."""

EARLIEST_SHARE = 0.25
"""Of a sign-in's life: before, a new one would gain too little."""

SHARP_SHARE = 4
"""A life is learned if it is known to a quarter: a machine that was off saw the end much too late."""

SAME_SECONDS = 60
"""Ends that are so close are the same: whole seconds, and the time that an answer takes."""

DOUBT_SECONDS = 600
"""Two guesses of another machine's clock, from looks at what is shared, differ by no more."""

LIMIT = 10**10
"""Ten digits: beyond every calendar. A file that says so is damaged."""

TOLD, LEARNED = "told", "learned"

_FREQUENCY = 70043
_OTHER_ENDS = frozenset({50055, 50057, 50076, 50078, 50079, 50089, 50132, 50133, 50144, 50173})
_OTHER_EXPIRIES = frozenset({70008, 700082, 700084})
"""Numbers of ends that may say `token_expired` too, and come of something else (entra_errors.py)."""


@dataclass(frozen=True)
class Told:
    """The end as it was given at `told_on`. `fixed`: a later answer gave the same."""

    told_on: int
    ends_on: int
    fixed: bool = False


@dataclass(frozen=True)
class Experience:
    """How long a sign-in lasted: `token` was renewed at the one age and refused at the other."""

    token: str
    at_least_seconds: int
    at_most_seconds: int


@dataclass(frozen=True)
class Session:
    """The present sign-in. `announced_on` is the end that the log has told of."""

    signed_in_on: int | None = None
    told: Told | None = None
    experience: Experience | None = None
    announced_on: int | None = None


@dataclass(frozen=True)
class Expectation:
    """`known` is TOLD or LEARNED; `life_seconds` None for a sign-in that began before anybody counted."""

    ends_on: int
    known: str
    life_seconds: int | None


def began(before: Session, *, now: float, ends_on: int | None) -> Session:
    """Somebody signed in; `ends_on` is what the answer said. What was learned stays."""
    told = None if ends_on is None else Told(int(now), ends_on)
    return Session(signed_in_on=int(now), told=told, experience=before.experience)


def renewed(session: Session, *, token: str, now: float, ends_on: int | None) -> Session:
    """A token was renewed: the answer may move the end, and may disprove what was learned."""
    return replace(session, told=_told(session.told, now, ends_on), experience=_lasting(session, token, now))


def refused(
    session: Session, *, token: str, now: float, succeeded_on: int, fields: Mapping[str, object]
) -> Session:
    """A renewal was refused with the error of these `fields`; `succeeded_on` is when it last was not."""
    if session.signed_in_on is None or not _by_frequency(fields):
        return session
    at_least, at_most = succeeded_on - session.signed_in_on, int(now) - session.signed_in_on
    if 0 < at_least <= at_most < LIMIT and (at_most - at_least) * SHARP_SHARE <= at_most:
        session = replace(session, experience=Experience(token, at_least, at_most))
    return replace(session, signed_in_on=None, told=None)


def adopted(ours: Session, theirs: Session, *, now: float, shift: float) -> Session:
    """Another replica has saved a sign-in, of which `theirs` tells, moved by `shift` to our clock; what was
    learned here stays. One of the future goes by a clock that nobody can correct: nothing is known of it.
    Shifts are guesses: the same sign-in keeps its beginning, or one after the other would move it for ever.
    """
    if (theirs.signed_in_on or 0) > now + SAME_SECONDS:
        theirs = Session()
    told = ours.told and theirs.told and _close(ours.told.ends_on, theirs.told.ends_on)
    same = told or _close(ours.signed_in_on, theirs.signed_in_on)
    keeps = same and shift != 0 and ours.signed_in_on is not None
    return replace(ours, signed_in_on=(ours if keeps else theirs).signed_in_on, told=theirs.told)


def without_other_tokens(session: Session, wanted: Collection[str]) -> Session:
    """The same without what was learned from a token that is no longer wanted: no success of it would ever
    show that the policy is another one now.
    """
    learned = session.experience
    return session if learned is None or learned.token in wanted else replace(session, experience=None)


def outlived(expected: Expectation, *, now: float) -> bool:
    """Whether the sign-in goes on although it was expected to end: nothing is known of its end then."""
    return now > expected.ends_on + SAME_SECONDS


def moved(session: Session, *, seconds: float) -> Session:
    """The same by a wall clock that was set forward by `seconds`."""
    told = session.told

    def by(instant: int) -> int:
        return max(round(instant + seconds), 0)

    return replace(
        session,
        signed_in_on=None if session.signed_in_on is None else by(session.signed_in_on),
        told=told and replace(told, told_on=by(told.told_on), ends_on=by(told.ends_on)),
        announced_on=None if session.announced_on is None else by(session.announced_on),
    )


def expectation(session: Session) -> Expectation | None:
    """The earlier of the ends that are known."""
    began_on, told, learned = session.signed_in_on, session.told, session.experience
    found: list[Expectation] = []
    if told is not None and told.fixed and (began_on is None or began_on < told.ends_on):
        found.append(Expectation(told.ends_on, TOLD, None if began_on is None else told.ends_on - began_on))
    if began_on is not None and learned is not None:
        found.append(Expectation(began_on + learned.at_least_seconds, LEARNED, learned.at_least_seconds))
    return min(found, key=lambda expected: expected.ends_on, default=None)


def lead_seconds(life_seconds: int | None) -> int:
    """How long before its end a sign-in of that life is to be replaced."""
    if life_seconds is None:
        return LEAD_MIN_SECONDS
    lead = max(life_seconds // LEAD_SHARE, LEAD_MIN_SECONDS)
    return max(min(lead, LEAD_MAX_SECONDS, life_seconds // LEAD_LATEST_SHARE), 0)


def ask_on(session: Session, hours: SigninHours | None) -> int | None:
    """When a person is to be asked for the next sign-in; None if that is not known, or would be of no use.

    - the lead before the end, or when the next hours begin;
    - if too little of any hours is left then: in the last ones before the end;
    - but not in the first quarter of the life: who signed in just before the evening is not asked again.
    """
    expected = expectation(session)
    if expected is None:
        return None
    ends_on, lead = expected.ends_on, lead_seconds(expected.life_seconds)
    enough = min(lead, HOURS_ENOUGH_SECONDS)
    planned = next_opening(hours, ends_on - lead)
    if open_seconds(hours, planned, ends_on) < enough:
        earlier = last_instant_before(ends_on, hours, seconds=enough)
        life = expected.life_seconds
        if life is None or earlier >= ends_on - life * (1 - EARLIEST_SHARE):
            return earlier
    return planned if planned < ends_on else None


def is_news(session: Session, expected: Expectation) -> bool:
    """Whether the log has not told of that end."""
    return session.announced_on is None or abs(session.announced_on - expected.ends_on) > SAME_SECONDS


def session_from(record: Any) -> Session:
    """Read a session from JSON. Of anything else nothing is known: somebody is asked later, nothing more."""
    try:
        told, learned = record["told"], record["experience"]
        return Session(
            signed_in_on=_instant_or_none(record["signed_in_on"]),
            told=None
            if told is None
            else Told(_instant(told["told_on"]), _instant(told["ends_on"]), bool(told["fixed"])),
            experience=None
            if learned is None
            else Experience(
                str(learned["token"]),
                _instant(learned["at_least_seconds"]),
                _instant(learned["at_most_seconds"]),
            ),
            announced_on=_instant_or_none(record["announced_on"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return Session()


def _close(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= DOUBT_SECONDS


def _told(before: Told | None, now: float, ends_on: int | None) -> Told | None:
    if ends_on is None:
        outlived = before is not None and now > before.ends_on + SAME_SECONDS
        return None if outlived else before
    if before is None:
        return Told(int(now), ends_on)
    elapsed = now - before.told_on
    if 0 <= elapsed < COMPARABLE_SECONDS:
        return before
    return Told(int(now), ends_on, fixed=ends_on - before.ends_on <= elapsed / 2)


def _lasting(session: Session, token: str, now: float) -> Experience | None:
    """What was learned, unless this sign-in has outlived it: the policy is another one now."""
    learned = session.experience
    if learned is None or session.signed_in_on is None or token != learned.token:
        return learned
    return None if now - session.signed_in_on > learned.at_most_seconds + SAME_SECONDS else learned


def _by_frequency(fields: Mapping[str, object]) -> bool:
    codes = {int(code) for code in str(fields.get("aadsts") or "").split(",") if code.isdecimal()}
    if _FREQUENCY in codes:
        return True
    return fields.get("suberror") == "token_expired" and not codes & (_OTHER_ENDS | _OTHER_EXPIRIES)


def _instant(value: Any) -> int:
    number = int(value)
    if not 0 <= number < LIMIT:
        raise ValueError("beyond every calendar")
    return number


def _instant_or_none(value: Any) -> int | None:
    return None if value is None else _instant(value)

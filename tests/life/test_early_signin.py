"""The next sign-in is asked for while the present one works, where its end is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.account import Admission
from sidecar.core.device_code import Answer
from sidecar.core.journal import Journal, from_text
from sidecar.core.schedule import Attempts
from sidecar.errors import AuthorityBusy, AuthorityUnreachable, DirectoryError, SigninRequired
from tests.life.bench import ARM, GRAPH, Bench
from tests.life.doubles import ALICE, MALLORY

HOUR = 3600
DAY = 24 * HOUR
LEAD = DAY // 10
CODE = 900
RENEWED_EVERY = int(HOUR * 0.66)
MANY = 10_000


@pytest.fixture
def told(tmp_path: Path) -> Bench:
    """Signed in; the sign-in ends after a day, and the authority says so."""
    bench = Bench.in_directory(tmp_path)
    bench.authority.frequency_seconds, bench.authority.tells_end = DAY, True
    bench.signin()
    bench.turn()
    return bench


@pytest.fixture
def untold(tmp_path: Path) -> Bench:
    """Signed in; the sign-in ends after a day, and nobody says so."""
    bench = Bench.in_directory(tmp_path)
    bench.authority.frequency_seconds = DAY
    bench.signin()
    bench.turn()
    return bench


def gaps(bench: Bench) -> list[float]:
    """The moments at which readers find no live token."""
    found: list[float] = []

    def look(_seconds: float) -> None:
        published = bench.published()
        if published is None or published["expires_on"] <= bench.clock.now():
            found.append(bench.clock.now())

    bench.clock.during_sleep = look
    return found


def prompted_on(bench: Bench) -> list[float]:
    """When people were shown a code."""
    return [at for kind, at in bench.authority.requests if kind == "devicecode"]


def needed(bench: Bench) -> int:
    """How often a person had to sign in since nothing worked any more, but for the very first time."""
    return len(bench.events("refresh.signin_required")) - 1


def journal(bench: Bench) -> Journal:
    """What the last turn left."""
    return from_text((bench.state_path / "journal.json").read_bytes())


def turns(bench: Bench) -> int:
    """How many there were."""
    return len(bench.events("refresh.scheduled"))


def test_told_end_is_asked_for_a_tenth_of_the_life_before_it(told: Bench) -> None:
    """A day's sign-in: 2 h 24 min before its end, while tokens are live; the plan was in the log before."""
    started, missing = told.clock.now(), gaps(told)
    told.run_for(DAY - LEAD - 60)
    assert len(told.authority.prompts) == 1
    [plan] = told.events("signin.expected")
    assert plan["known"] == "told"
    assert abs(plan["ends_on"] - started - DAY) < 10
    assert plan["prompt_on"] == plan["ends_on"] - LEAD
    told.run_for(120)
    assert len(told.authority.prompts) == 2
    assert len(told.events("signin.completed")) == 2
    assert (needed(told), missing) == (0, [])


def test_prompt_says_why(told: Bench) -> None:
    """Whoever sees it learns that nothing is broken yet, and until when."""
    told.run_for(DAY - LEAD + 60)
    first, second = told.events("signin.code_issued")
    assert first["reason"] == "Nobody is signed in."
    assert "The present sign-in ends about 2023-11-15 22:13 UTC" in second["reason"]


def test_told_ends_never_end_a_sign_in_for_days(told: Bench) -> None:
    """One prompt in 21 h 36 min, each in time, and not one request refused."""
    missing = gaps(told)
    told.run_for(5 * DAY)
    assert len(told.authority.prompts) == 1 + 5 * DAY // (DAY - LEAD)
    assert (needed(told), missing) == (0, [])


def test_end_that_every_renewal_moves_on_is_none(tmp_path: Path) -> None:
    """Ninety days without use end a sign-in, and it is used: nobody is asked in two months."""
    bench = Bench.in_directory(tmp_path)
    bench.authority.tells_end, bench.authority.life_seconds = True, DAY
    bench.signin()
    bench.turn()
    bench.run_for(60 * DAY)
    assert len(bench.authority.prompts) == 1
    assert bench.events("signin.expected") == []


def test_first_answer_alone_is_not_believed(told: Bench) -> None:
    """It may be a limit of inactivity: there is no plan before a renewal has not moved it."""
    assert told.events("signin.expected") == []
    told.run_for(RENEWED_EVERY + 5)
    assert len(told.events("signin.expected")) == 1


def test_sign_in_frequency_is_learned(untold: Bench) -> None:
    """The first end comes as a surprise, no later one does."""
    missing = gaps(untold)
    untold.run_for(8 * DAY)
    assert (needed(untold), missing) == (1, [])
    [learned, *_] = untold.events("signin.expected")
    assert learned["known"] == "learned"
    assert DAY - RENEWED_EVERY <= learned["ends_in_seconds"] <= DAY
    between = [b - a for a, b in zip(prompted_on(untold)[1:], prompted_on(untold)[2:], strict=False)]
    assert len(between) > 5
    assert all(DAY - LEAD - HOUR < seconds < DAY for seconds in between)


@pytest.mark.parametrize(
    "fields",
    [
        {"aadsts": "50173"},
        {"aadsts": "50133", "suberror": "token_expired"},
        {"aadsts": "700082", "suberror": "token_expired"},
        {"suberror": "basic_action"},
        {},
    ],
)
def test_other_ends_teach_nothing(tmp_path: Path, fields: dict[str, str]) -> None:
    """A revocation, a new password, a token that nobody used: none of them comes after so many hours."""
    bench = Bench.in_directory(tmp_path)
    bench.signin()
    bench.turn()
    bench.run_for(DAY)
    bench.authority.renewals.append(SigninRequired("invalid_grant", **fields))
    bench.run_for(2 * HOUR)
    assert len(bench.authority.prompts) == 2
    assert bench.events("signin.expected") == []


def test_suberror_alone_teaches(tmp_path: Path) -> None:
    """Numbers may change without notice; the name says the same."""
    bench = Bench.in_directory(tmp_path)
    bench.signin()
    bench.turn()
    bench.run_for(DAY)
    bench.authority.renewals.append(SigninRequired("interaction_required", suberror="token_expired"))
    bench.run_for(HOUR)
    assert len(bench.events("signin.expected")) == 1


def test_machine_that_was_off_has_learned_nothing(untold: Bench) -> None:
    """Last renewed after six hours, refused after thirty: nobody knows when the sign-in ended."""
    untold.run_for(6 * HOUR)
    untold.clock.sleep(DAY)
    untold.run_for(HOUR)
    assert needed(untold) == 1
    assert untold.events("signin.expected") == []


def test_what_was_learned_is_forgotten_when_a_sign_in_outlives_it(untold: Bench) -> None:
    """The policy is a longer one now, and nobody answers early: after a day and an hour all is quiet."""
    untold.run_for(DAY + HOUR)
    assert needed(untold) == 1
    untold.authority.frequency_seconds = None
    untold.authority.away = lambda _now: True
    untold.run_for(DAY + 2 * HOUR)
    asked = len(untold.authority.prompts)
    assert asked > 3
    untold.run_for(3 * DAY)
    assert len(untold.authority.prompts) == asked
    assert needed(untold) == 1


def test_nobody_answers_and_nothing_is_lost(told: Bench) -> None:
    """Tokens are renewed beside the prompts to the very end; then it is needed, and one answer is enough."""
    started, missing = told.clock.now(), gaps(told)
    told.authority.away = lambda _now: True
    told.run_for(DAY - 2 * HOUR)
    renewals = len(told.events("refresh.succeeded"))
    told.run_for(2 * HOUR - 60)
    assert len(told.events("refresh.succeeded")) > renewals
    assert needed(told) == 0
    assert told.requests_per_minute() <= 10
    told.run_for(HOUR)
    told.authority.away = lambda _now: False
    told.run_for(HOUR)
    assert len(told.events("signin.completed")) == 2
    assert told.published() is not None
    assert all(at > started + DAY for at in missing)


def test_unanswered_prompts_leave_people_some_peace(told: Bench) -> None:
    """One code each, with a pause that is shorter the closer the end is; never two at a time."""
    told.authority.away = lambda _now: True
    told.run_for(DAY - 60)
    pauses = [event["next_prompt_in_seconds"] for event in told.events("signin.failed")]
    first = (LEAD - CODE) // 8
    assert pauses[:2] == [first, (LEAD - 2 * CODE - first) // 8]


ANSWERS: list[Any] = [Answer.DECLINED, MALLORY, AuthorityBusy("503", retry_after=None)]


@pytest.mark.parametrize("answer", ANSWERS, ids=["declined", "wrong account", "trouble"])
def test_answer_of_no_use_changes_nothing(told: Bench, answer: Any) -> None:
    """What apps read and what the cache holds is as before; nobody else gets in."""
    told.run_for(DAY - LEAD - 60)
    before, cached = told.published(), told.authority.cache_content()
    told.authority.polls.extend([answer] + [Answer.PENDING] * 5)
    seen: list[tuple[Any, Any]] = []
    told.clock.during_sleep = lambda _seconds: seen.append((told.published(), told.authority.cache_content()))
    told.run_for(80)
    assert len(told.authority.prompts) >= 2
    assert len(seen) >= 3
    assert seen[0] == (before, cached)
    assert all(published and published["username"] == ALICE.username for published, _ in seen)
    assert all(content["account"] == ALICE.home_account_id for _, content in seen)
    told.clock.during_sleep = lambda _seconds: None
    told.run_for(DAY)
    assert needed(told) == 0


def test_no_code_to_be_had_is_no_failure_of_the_turn(told: Bench) -> None:
    """The authority gives none: tried again with back-off, and `refresh` goes on."""
    told.run_for(DAY - LEAD - 60)
    told.authority.codes.extend([AuthorityUnreachable("no answer")] * 3)
    before = turns(told)
    told.run_for(LEAD)
    assert len(told.authority.prompts) == 2
    assert len(told.events("signin.failed")) == 3
    assert turns(told) - before < 20
    assert told.events("refresh.failed") == []


@pytest.mark.parametrize(
    "trouble", [AuthorityUnreachable("no answer"), AuthorityBusy("429", retry_after=1800)], ids=str
)
def test_authority_in_trouble_makes_no_hot_loop(told: Bench, trouble: Exception) -> None:
    """Renewals fail for the whole of the lead: as many turns as without anything to ask for, and no request
    for a code before a Retry-After is over.
    """
    told.run_for(DAY - LEAD - 60)
    told.authority.renewals.extend([trouble] * MANY)
    told.authority.codes.extend([AuthorityUnreachable("no answer")] * MANY)
    started, before = told.clock.now(), turns(told)
    told.run_for(LEAD)
    assert turns(told) - before <= LEAD // 60 + 20
    assert told.requests_per_minute() <= 10
    pause = getattr(trouble, "retry_after", 0)
    refused = [at for kind, at in told.authority.requests if kind == "renew" and at > started]
    assert refused
    assert not any(at < code < at + pause for at in refused for code in prompted_on(told))


def test_prompting_off_says_when_and_asks_nobody(told: Bench) -> None:
    """SIDECAR_ON_SIGNIN_REQUIRED=exit: the event alone, and no more turns than without."""
    told.rules = replace(told.rules, may_prompt=False)
    told.run_for(DAY - 60)
    [plan] = told.events("signin.expected")
    assert "prompt_on" not in plan
    assert len(told.authority.prompts) == 1
    assert turns(told) <= DAY // RENEWED_EVERY + 4


@pytest.mark.parametrize("leap", [-7200, 7200, 86400 * 30, -86400 * 30])
def test_leap_of_the_wall_clock_moves_the_plan_with_it(untold: Bench, leap: float) -> None:
    """What was learned is a duration; the instants follow the clock."""
    untold.run_for(DAY + HOUR)
    asked_at = untold.clock.boot
    untold.clock.leap(leap)
    untold.turn()
    untold.run_for(DAY)
    assert len(untold.authority.prompts) == 3
    assert needed(untold) == 1
    assert untold.clock.boot - asked_at <= DAY + 1
    assert len(untold.events("signin.expected")) == 2


def _cut(text: str) -> str:
    return text[: len(text) // 2]


def _without(text: str) -> str:
    return json.dumps(
        {k: v for k, v in json.loads(text).items() if k not in ("session", "early", "prompt_on")}
    )


def _odd(text: str) -> str:
    return json.dumps({**json.loads(text), "session": {"told": 5}})


@pytest.mark.parametrize("damage", [_cut, _without, _odd])
def test_journal_that_knows_nothing_asks_nobody_early(told: Bench, damage: Callable[[str], str]) -> None:
    """Cut, of the version before, or odd: a plan comes with the next two answers, at the latest in time."""
    told.run_for(DAY // 2)
    file = told.state_path / "journal.json"
    file.write_text(damage(file.read_text()))
    told.turn()
    assert len(told.authority.prompts) == 1
    told.run_for(DAY // 2 - 60)
    assert len(told.authority.prompts) == 2
    assert needed(told) == 0


def test_token_refused_beside_the_early_prompt_is_served_by_it(told: Bench) -> None:
    """The end comes while the prompt is open: one answer to it, and all is well."""
    told.timeout_seconds = DAY
    told.authority.away = lambda now: now < 1_700_000_000 + DAY + HOUR
    told.authority.code_life_seconds = DAY
    told.run_for(DAY + 2 * HOUR)
    assert len(told.authority.prompts) == 2
    assert len(told.events("signin.completed")) == 2
    published = told.published()
    assert published is not None
    assert published["expires_on"] > told.clock.now()


def test_one_audience_may_have_a_policy_of_its_own(tmp_path: Path) -> None:
    """Its end is learned, although the sign-in goes on for the others; all get tokens of the early one."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.signin()
    bench.turn()
    bench.run_for(10 * HOUR)
    bench.authority.renewals.extend([None, SigninRequired("invalid_grant", aadsts="70043")])
    bench.run_for(2 * HOUR)
    assert needed(bench) == 1
    [plan] = bench.events("signin.expected")
    bench.run_for(9 * HOUR + 1800)
    assert len(bench.authority.prompts) == 3
    assert plan["known"] == "learned"
    assert needed(bench) == 1


def test_account_that_is_no_longer_allowed_is_not_asked_early(told: Bench) -> None:
    """What was known belongs to the sign-in that was given up."""
    told.run_for(DAY // 2)
    told.allow(Admission(users=frozenset({"bob@contoso.example"})))
    told.authority.polls.extend([Answer.DECLINED] * MANY)
    told.turn()
    assert json.loads((told.state_path / "journal.json").read_text())["session"]["signed_in_on"] is None


def timed_out_once(bench: Bench) -> None:
    """Nobody answered a prompt that was needed; then renewals work again by themselves."""
    bench.authority.renewals.append(SigninRequired("interaction_required"))
    bench.authority.away = lambda _now: True
    bench.clock.sleep(2 * HOUR)
    bench.turn()
    assert bench.events("signin.failed")
    bench.authority.away = lambda _now: False
    bench.run_for(HOUR)


def test_prompt_that_failed_once_does_not_end_the_early_ones(told: Bench) -> None:
    """What healed by itself is history, in the status too."""
    timed_out_once(told)
    assert replace(journal(told).signin, succeeded_on=0) == Attempts()
    before = needed(told)
    told.run_for(DAY)
    assert needed(told) == before


def test_sign_in_that_could_not_be_published_at_once_is_one(told: Bench) -> None:
    """It is saved, and the next turn shows it."""
    timed_out_once(told)
    told.authority.renewals.append(SigninRequired("invalid_grant"))
    told.clock.sleep(2 * HOUR)
    told.clock.during_sleep = lambda _seconds: setattr(told, "full", True)
    assert isinstance(told.turn(), DirectoryError)
    assert journal(told).signin.failures == 0


def test_early_prompt_is_one_code_long(told: Bench) -> None:
    """Who waits for the lock may need no person at all."""
    told.authority.away = lambda _now: True
    before = len(prompted_on(told))
    told.clock.sleep(DAY - LEAD + 60)
    told.turn()
    assert len(prompted_on(told)) == before + 1


def test_sign_in_that_outlived_its_expected_end_is_left_in_peace(untold: Bench) -> None:
    """The policy was lifted, and nobody answered: there is nothing to ask for any more."""
    untold.run_for(DAY + HOUR)
    untold.authority.frequency_seconds = None
    untold.authority.away = lambda _now: True
    untold.run_for(DAY + HOUR)
    before = len(prompted_on(untold))
    untold.run_for(2 * DAY)
    assert len(prompted_on(untold)) == before


def test_sign_in_that_could_not_be_saved_is_none(told: Bench) -> None:
    """The old one goes on, and what is known of its end."""
    told.run_for(DAY - LEAD - 60)
    before = journal(told).session

    def fail(_seconds: float) -> None:
        told.cache.failing = MANY if len(told.authority.prompts) > 1 else 0  # type: ignore[attr-defined]

    told.clock.sleep(70)
    told.clock.during_sleep = fail
    told.authority.polls.append(Answer.PENDING)
    assert isinstance(told.turn(), DirectoryError)
    assert journal(told).session == before

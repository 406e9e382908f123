"""From the first prompt to the second, and what no app may notice in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.account import Admission
from sidecar.core.device_code import Answer
from sidecar.errors import (
    AuthorityBusy,
    AuthorityMisconfigured,
    AuthorityUnreachable,
    AuthorityUntrusted,
    DirectoryError,
    SidecarError,
    SigninDeclined,
    SigninRequired,
    SigninTimedOut,
    TokenUnusable,
)
from tests.life.bench import ARM, GRAPH, Bench
from tests.life.doubles import ALICE, MALLORY, TENANT

LIFE = 3600
RENEWED_AFTER = int(LIFE * 0.66)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A new pod that wants one token."""
    return Bench.in_directory(tmp_path)


def token(bench: Bench) -> str:
    """The token that an app reads."""
    return (bench.token_path / "token").read_text()


def test_whole_life_takes_two_prompts(bench: Bench) -> None:
    """No cache, prompt, published, renewed, renewed, revoked, prompt, published."""
    assert bench.signin() is None
    assert (token(bench), len(bench.authority.prompts)) == ("at1", 1)
    first = bench.clock.now()

    assert bench.turn() is None
    bench.run_for(RENEWED_AFTER - 10)
    assert token(bench) == "at1"
    bench.run_for(20)
    second = token(bench)
    bench.run_for(RENEWED_AFTER)
    third = token(bench)
    assert len({"at1", second, third}) == 3
    assert [at - first for _, at in bench.authority.requests[1:]] == pytest.approx(
        [RENEWED_AFTER, 2 * RENEWED_AFTER], abs=1.0
    )
    assert len(bench.authority.prompts) == 1

    bench.authority.revoked = True
    bench.run_for(RENEWED_AFTER)
    assert len(bench.authority.prompts) == 2
    assert token(bench) not in {"at1", second, third}
    assert [e["event"] for e in bench.events() if e["event"].startswith(("signin.c", "refresh.s"))] == [
        "refresh.signin_required",
        "signin.code_issued",
        "signin.completed",
        "refresh.scheduled",
        "refresh.scheduled",
        *["refresh.succeeded", "refresh.scheduled"] * 2,
        "refresh.signin_required",
        "signin.code_issued",
        "signin.completed",
        "refresh.scheduled",
    ]


def test_steady_turn_makes_one_request(bench: Bench) -> None:
    """A renewal asks the authority once, and nothing is asked in between."""
    bench.signin()
    before = len(bench.authority.requests)
    bench.run_for(RENEWED_AFTER + 5)
    assert [kind for kind, _ in bench.authority.requests[before:]] == ["renew"]


def test_signin_with_a_live_token_asks_nobody(bench: Bench) -> None:
    """A restarted init container returns at once, without a request."""
    bench.signin()
    before = len(bench.authority.requests)
    assert bench.signin() is None
    assert len(bench.authority.requests) == before


def test_signin_with_a_dying_token_renews_it_silently(bench: Bench) -> None:
    """A token below SIDECAR_MIN_VALIDITY is renewed before apps start, without a person."""
    bench.signin()
    bench.clock.sleep(LIFE - 59)
    assert bench.signin() is None
    assert len(bench.authority.prompts) == 1
    assert token(bench) != "at1"


def test_lost_token_directory_is_filled_from_the_cache(bench: Bench) -> None:
    """A tmpfs that was unmounted costs no request while the cached token lives."""
    bench.signin()
    for entry in bench.token_path.iterdir():
        if entry.is_symlink():
            entry.unlink()
    before = len(bench.authority.requests)
    assert bench.turn() is None
    assert token(bench) == "at1"
    assert len(bench.authority.requests) == before


TRANSIENT = [
    AuthorityUnreachable("no answer"),
    AuthorityBusy("503", retry_after=None),
    AuthorityBusy("429", retry_after=7),
    AuthorityBusy("429", retry_after=120),
    AuthorityUntrusted("the certificate is not trusted"),
    TokenUnusable("already expired"),
]


@pytest.mark.parametrize("fault", TRANSIENT, ids=lambda fault: f"{type(fault).__name__}-{fault}")
def test_transient_fault_asks_nobody_and_takes_no_token_away(bench: Bench, fault: SidecarError) -> None:
    """Half an hour of trouble costs no prompt, no token, and no more than ten requests a minute."""
    bench.signin()
    bench.authority.renewals.extend([fault] * 10_000)
    bench.run_for(LIFE - 30)
    assert token(bench) == "at1"
    assert bench.number("live_until") > bench.clock.now()
    bench.authority.renewals.clear()
    bench.run_for(400)
    assert token(bench) != "at1"
    assert len(bench.authority.prompts) == 1
    assert bench.requests_per_minute() <= 10


def test_pause_between_failed_turns_doubles_to_a_minute(bench: Bench) -> None:
    """5, 10, 20, 40, 60, 60 s, though every turn starts from files alone; then it starts over."""
    bench.signin()
    bench.authority.renewals.extend([AuthorityUnreachable("no answer")] * 14)
    bench.run_for(LIFE)
    pauses = [event["retry_in_seconds"] for event in bench.events("refresh.failed")]
    assert pauses == [5, 10, 20, 40, 60, 60, 60]
    assert [e["failures"] for e in bench.events("refresh.failed")] == [1, 2, 3, 4, 5, 6, 7]


def test_long_retry_after_is_honoured(bench: Bench) -> None:
    """A server that asks for ten minutes is left alone for ten minutes, within the turn too."""
    bench.signin()
    bench.authority.renewals.append(AuthorityBusy("429", retry_after=600))
    bench.run_for(LIFE)
    times = [at for kind, at in bench.authority.requests if kind == "renew"]
    assert 600 <= times[1] - times[0] <= 602


def test_failed_renewal_says_how_long_the_token_still_lives(bench: Bench) -> None:
    """The warning carries the remaining budget, the pause and the failures so far."""
    bench.signin()
    bench.authority.renewals.extend([AuthorityUnreachable("no answer", cause="dns")] * 2)
    bench.run_for(RENEWED_AFTER + 3)
    (event,) = bench.events("refresh.failed")
    assert event["level"] == "warning"
    assert event["cause"] == "dns"
    assert event["token_lives_seconds"] == pytest.approx(LIFE - RENEWED_AFTER, abs=5)


@pytest.mark.parametrize("leap", [-86400 * 3650, -7200, 7200, 86400 * 3650])
def test_clock_leap_renews_at_once_and_once(bench: Bench, leap: float) -> None:
    """Whichever way the wall clock goes, the next turn gets a token that is right by it."""
    bench.signin()
    bench.turn()
    bench.clock.leap(leap)
    before = len(bench.authority.requests)
    assert bench.turn() is None
    assert bench.turn() is None
    assert len(bench.authority.requests) == before + 1
    published = bench.published()
    assert published is not None
    assert published["expires_on"] == int(bench.clock.now()) + LIFE


def test_failed_renewal_after_a_leap_is_tried_again(bench: Bench) -> None:
    """The leap is forgotten after one turn, the failure is not."""
    bench.signin()
    bench.clock.leap(-7200)
    bench.authority.renewals.extend([AuthorityUnreachable("no answer")] * 2)
    bench.turn()
    bench.run_for(10)
    assert token(bench) != "at1"


def test_suspend_renews_at_once(bench: Bench) -> None:
    """After a night with the lid closed both clocks are past due."""
    bench.signin()
    bench.clock.sleep(8 * 3600)
    assert bench.turn() is None
    assert bench.number("live_until") > bench.clock.now()
    assert len(bench.authority.prompts) == 1


def test_wrong_account_leaves_no_trace_and_is_asked_again(bench: Bench) -> None:
    """Mallory gets nothing in: no token, no cache; the log names her and the prompt comes back."""
    bench.allow(Admission(users=frozenset({str(ALICE.object_id)}), tenants=frozenset({TENANT})))
    bench.authority.polls.append(MALLORY)
    seen: list[tuple[list[str], dict[str, str]]] = []

    def look(_seconds: float) -> None:
        seen.append(([p.name for p in bench.token_path.iterdir()], bench.authority.cache_content()))

    bench.clock.during_sleep = look
    assert bench.signin() is None
    assert all(state == ([], {}) for state in seen)
    assert len(bench.authority.prompts) == 2
    (event,) = bench.events("signin.rejected")
    assert (event["username"], event["tenant_id"]) == (MALLORY.username, "other")
    assert bench.authority.cache_content()["account"] == ALICE.home_account_id


def test_account_that_is_no_longer_allowed_loses_its_token(bench: Bench) -> None:
    """The one case in which a live token is withdrawn; somebody allowed is asked for."""
    bench.signin()
    bench.allow(Admission(users=frozenset({"bob@contoso.example"})))
    bench.authority.polls.extend([Answer.DECLINED])
    assert isinstance(bench.turn(), SigninDeclined)
    assert list(bench.token_path.iterdir()) == []
    assert bench.authority.cache_content() == {}
    assert bench.number("live_until") == 0


def test_somebody_else_does_not_take_over(bench: Bench) -> None:
    """Apps keep what they have, the prompt comes back, and the one who was signed in goes on."""
    bench.signin()
    bench.authority.revoked = True
    bench.authority.polls.extend([MALLORY, ALICE])
    bench.run_for(RENEWED_AFTER + 10)
    [rejected] = bench.events("signin.rejected")
    assert rejected["username"] == MALLORY.username
    assert f"{ALICE.name} is signed in here" in rejected["message"]
    assert {event["username"] for event in bench.events("token.published")} == {ALICE.username}
    assert len(bench.authority.prompts) == 3


def test_account_that_the_settings_name_takes_over_with_nothing_of_the_other(bench: Bench) -> None:
    """Tokens of the one who signed in before are not published beside those of the next."""
    bench.allow(Admission(users=frozenset({str(ALICE.username), str(MALLORY.username)})))
    bench.signin()
    bench.authority.revoked = True
    bench.authority.person = MALLORY
    bench.run_for(RENEWED_AFTER + 10)
    published = bench.published()
    assert published is not None
    assert published["username"] == MALLORY.username


def test_revoked_signin_exits_where_prompting_is_off(bench: Bench) -> None:
    """SIDECAR_ON_SIGNIN_REQUIRED=exit: 77, no code is asked for, the live token stays."""
    bench.signin()
    bench.rules = replace(bench.rules, may_prompt=False)
    bench.authority.revoked = True
    bench.clock.sleep(RENEWED_AFTER + 1)
    error = bench.turn()
    assert isinstance(error, SigninRequired)
    assert error.exit_code == 77
    assert len(bench.authority.prompts) == 1
    assert token(bench) == "at1"


def test_declined_prompt_comes_back_more_and_more_rarely(bench: Bench) -> None:
    """In `refresh` a declined prompt never ends the loop: 30 s, 60 s, 120 s … 10 min."""
    bench.authority.polls.extend([Answer.DECLINED] * 7)
    bench.turn()
    bench.run_for(2400)
    pauses = [event["next_prompt_in_seconds"] for event in bench.events("signin.failed")]
    assert pauses == [30, 60, 120, 240, 480, 600, 600]


def test_approval_at_the_last_moment_counts(bench: Bench) -> None:
    """Somebody approved after the last poll that the interval allowed: one more look before it is over."""
    bench.timeout_seconds = 12
    bench.authority.polls.extend([Answer.PENDING] * 2)
    assert bench.signin() is None
    assert [at - bench.authority.poll_times[0] for at in bench.authority.poll_times] == [0, 5, 7]


def test_deadline_ends_signin_and_names_the_setting(bench: Bench) -> None:
    """Nobody comes: 75 after SIDECAR_SIGNIN_TIMEOUT, expired codes replaced meanwhile."""
    bench.authority.polls.extend([Answer.PENDING] * 10_000)
    started = bench.clock.now()
    error = bench.signin()
    assert isinstance(error, SigninTimedOut)
    assert error.exit_code == 75
    assert "SIDECAR_SIGNIN_TIMEOUT" in error.message
    assert bench.clock.now() - started == pytest.approx(3600, abs=1)
    assert len(bench.authority.prompts) == 4
    assert not (bench.state_path / "prompt.json").exists()


def test_trouble_while_polling_keeps_the_code_alive(bench: Bench) -> None:
    """Network errors and 5xx between the polls cost the person nothing."""
    bench.authority.polls.extend(
        [AuthorityUnreachable("no answer"), AuthorityBusy("503", retry_after=None)] * 5
    )
    assert bench.signin() is None
    assert len(bench.authority.prompts) == 1
    assert len(bench.events("signin.trouble")) == 10


def test_slow_down_lengthens_the_interval_for_good(bench: Bench) -> None:
    """RFC 8628: five seconds more, for this and all later polls of the code."""
    bench.authority.polls.extend(
        [Answer.PENDING, Answer.SLOW_DOWN, Answer.PENDING, Answer.SLOW_DOWN, Answer.PENDING]
    )
    started = bench.clock.now()
    bench.signin()
    times = [at - started for at in bench.authority.poll_times]
    assert times == [5, 10, 20, 30, 45, 60]


def test_refused_scope_of_a_further_audience_holds_up_nobody(tmp_path: Path) -> None:
    """One audience that is not configured has its own failure; the other one is renewed on time."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.authority.refused_scopes[ARM] = AuthorityMisconfigured("invalid_resource")
    assert bench.signin() is None
    assert bench.published("arm") is None
    bench.run_for(RENEWED_AFTER + 10)
    assert token(bench) != "at1"
    assert len(bench.authority.prompts) == 1
    assert bench.requests_per_minute() <= 10


def test_further_audience_that_needs_consent_is_prompted_for_once(tmp_path: Path) -> None:
    """The prompt asks for that audience's own scopes, so that signing in settles it."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.authority.renewals.append(SigninRequired("consent_required"))
    assert bench.signin() is None
    assert bench.published("arm") is None
    bench.authority.renewals.append(SigninRequired("consent_required"))
    bench.clock.sleep(301)
    assert bench.turn() is None
    assert bench.authority.prompts == [GRAPH, ARM]
    assert bench.published("arm") is not None
    assert bench.published() is not None


def test_all_names_come_from_one_prompt_and_one_generation(tmp_path: Path) -> None:
    """Two audiences, one person asked once."""
    bench = Bench.in_directory(tmp_path, wanted={"graph": GRAPH, "arm": ARM})
    assert bench.signin() is None
    assert bench.authority.prompts == [GRAPH]
    assert bench.published("graph") is not None
    assert bench.published("arm") is not None
    assert not (bench.token_path / "token").exists()


def test_nobody_is_asked_while_the_answer_could_not_be_kept(bench: Bench) -> None:
    """A state directory that cannot be written is told before a person signs in for nothing."""
    bench.cache._path = bench.state_path / "missing" / "cache"
    assert isinstance(bench.signin(), DirectoryError)
    assert bench.authority.prompts == []


def test_local_write_failure_is_retried_within_thirty_seconds(bench: Bench) -> None:
    """A full or read-only volume heals by itself: the schedule comes back soon."""
    bench.cache._path = bench.state_path / "missing" / "cache"
    bench.turn()
    assert 0 < bench.number("wake") - bench.clock.boot <= 30


def test_short_lived_tokens_make_no_hot_loop(bench: Bench) -> None:
    """Tokens of two seconds: at most one renewal every two seconds; ten seconds: never expired."""
    bench.authority.life_seconds = 2
    bench.signin()
    bench.run_for(60)
    assert len(bench.authority.requests) <= 32

    bench.authority.life_seconds = 10
    bench.run_for(10)
    gaps = []

    def look(_seconds: float) -> None:
        published = bench.published()
        gaps.append(published is None or published["expires_on"] <= bench.clock.now() + 1)

    bench.clock.during_sleep = look
    bench.run_for(120)
    assert gaps
    assert not any(gaps)


def test_hup_renews_whatever_the_schedule_says(bench: Bench) -> None:
    """`--now` renews a fresh token, and the schedule starts anew."""
    bench.signin()
    bench.clock.sleep(60)
    assert bench.turn(at_once=True) is None
    assert token(bench) != "at1"


def test_open_prompt_is_withdrawn_when_it_is_done(bench: Bench) -> None:
    """`prompt.json` and the probes' line exist exactly while somebody has to act."""
    seen = []

    def look(_seconds: float) -> None:
        seen.append((bench.state_path / "prompt.json").exists())

    bench.clock.during_sleep = look
    bench.signin()
    assert seen == [True]
    assert not (bench.state_path / "prompt.json").exists()
    assert not (bench.state_path / "prompt").exists()


def test_prompt_of_a_killed_turn_is_withdrawn_by_the_next(bench: Bench) -> None:
    """What a SIGKILL left open does not mislead anybody for long."""
    bench.signin()
    (bench.state_path / "prompt").write_text("sign-in needed: …\n")
    bench.turn()
    assert not (bench.state_path / "prompt").exists()

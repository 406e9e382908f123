"""Renewals that come half way, for the wrong account, or at a time that does not suit the authority."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.account import Admission
from sidecar.core.device_code import Answer
from sidecar.errors import AccountRefused, AuthorityBusy, DirectoryError, SigninDeclined, SigninRequired
from tests.life.bench import ARM, GRAPH, Bench
from tests.life.doubles import ALICE, Flickering

LIFE = 3600
RENEWED_AFTER = int(LIFE * 0.66)
RENAMED = replace(ALICE, username="alice.smith@contoso.example")
BY_NAME = Admission(users=frozenset({str(ALICE.username)}))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Signed in by user name, for one token."""
    bench = Bench.in_directory(tmp_path, admission=BY_NAME)
    bench.signin()
    return bench


@pytest.fixture
def pair(tmp_path: Path) -> Bench:
    """Signed in for two audiences."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM}, admission=BY_NAME)
    bench.signin()
    return bench


def nothing_left(bench: Bench) -> bool:
    """No token for apps, no refresh token in the cache on disk, nothing live for the probes."""
    bench.cache.open(now=bench.clock.now())
    return not list(bench.token_path.iterdir()) and bench.authority.cache_content() == {}


def test_disk_error_at_a_later_token_costs_the_earlier_one_nothing(pair: Bench) -> None:
    """The refresh token rotated for the first is saved, its token published; the error is told."""
    pair.clock.sleep(RENEWED_AFTER + 1)
    before = pair.authority.cache_content()["refresh_token"]
    pair.authority.renewals.extend([None, OSError(errno.ENOSPC, "No space left on device")])
    assert isinstance(pair.turn(), DirectoryError)
    rotated = pair.authority.cache_content()["refresh_token"]
    assert rotated != before
    pair.cache.open(now=pair.clock.now())
    assert pair.authority.cache_content()["refresh_token"] == rotated
    published, arm = pair.published(), pair.published("arm")
    assert published is not None
    assert arm is not None
    assert published["expires_on"] > arm["expires_on"]
    assert 0 < pair.number("wake") - pair.clock.boot <= 30


@pytest.mark.parametrize(("failing", "saved"), [(2, True), (3, False)])
def test_write_that_fails_in_passing_costs_no_refresh_token(pair: Bench, failing: int, saved: bool) -> None:
    """The old one may be spent: the save is tried three times within the turn, and its end is told."""
    pair.clock.sleep(RENEWED_AFTER + 1)
    before = pair.authority.cache_content()["refresh_token"]
    assert isinstance(pair.cache, Flickering)
    pair.cache.failing = failing
    assert (pair.turn() is None) is saved
    pair.cache.open(now=pair.clock.now())
    assert (pair.authority.cache_content()["refresh_token"] != before) is saved


def test_failure_before_a_disk_error_keeps_its_pause(pair: Bench) -> None:
    """A refused token is not asked for again every 20 s because the disk fails at another one."""
    pair.clock.sleep(RENEWED_AFTER + 1)
    pair.authority.renewals.extend(
        [AuthorityBusy("429", retry_after=600), OSError(errno.ENOSPC, "No space left on device")]
    )
    pair.turn()
    before = len(pair.authority.requests)
    pair.run_for(300)
    assert len(pair.authority.requests) == before + 1


def test_account_that_a_renewal_shows_to_be_no_longer_allowed_counts_as_none(bench: Bench) -> None:
    """Renamed in the directory: its token is withdrawn in the same turn, and a person is asked."""
    bench.authority.renamed = RENAMED
    bench.authority.polls.append(Answer.DECLINED)
    bench.clock.sleep(RENEWED_AFTER + 1)
    assert isinstance(bench.turn(), SigninDeclined)
    assert nothing_left(bench)
    assert bench.number("live_until") == 0
    assert len(bench.authority.prompts) == 2
    (event,) = bench.events("signin.rejected")
    assert event["username"] == RENAMED.username
    assert len(bench.events("token.withdrawn")) == 1


def test_token_of_an_account_no_longer_allowed_is_published_for_no_moment(pair: Bench) -> None:
    """Whichever of several tokens brings the new name; somebody allowed gets all of them."""
    pair.authority.renamed_after = 1
    pair.authority.renamed = RENAMED
    pair.clock.sleep(RENEWED_AFTER + 1)
    seen: set[str] = set()

    def look(_seconds: float) -> None:
        published = pair.published()
        seen.add(str(published["username"]) if published else "")

    pair.clock.during_sleep = look
    before = len(pair.events("token.published"))
    pair.authority.polls.append(Answer.PENDING)
    assert pair.turn() is None
    assert seen == {""}
    assert pair.authority.prompts == [GRAPH, GRAPH]
    assert len(pair.events("token.published")) == before + 2
    assert pair.published("arm") is not None


def test_signin_asks_in_the_place_of_an_account_no_longer_allowed(bench: Bench) -> None:
    """The role `signin` too: it ends well when somebody allowed has signed in."""
    bench.authority.renamed = RENAMED
    bench.clock.sleep(LIFE - 30)
    assert bench.signin() is None
    assert len(bench.authority.prompts) == 2
    assert bench.published() is not None


def test_account_no_longer_allowed_exits_where_prompting_is_off(bench: Bench) -> None:
    """77; the token is withdrawn all the same."""
    bench.rules = replace(bench.rules, may_prompt=False)
    bench.authority.renamed = RENAMED
    bench.clock.sleep(RENEWED_AFTER + 1)
    error = bench.turn()
    assert error is not None
    assert error.exit_code == 77
    assert nothing_left(bench)


def test_account_no_longer_allowed_is_withdrawn_while_a_prompt_is_open(tmp_path: Path) -> None:
    """An open prompt for another audience goes on; nothing of the account is left to read meanwhile."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM}, admission=BY_NAME)
    bench.authority.refused_scopes[ARM] = SigninRequired("consent_required")
    bench.signin()
    bench.clock.sleep(301)
    bench.authority.polls.extend([Answer.PENDING] * 600)
    bench.authority.code_life_seconds = LIFE
    bench.authority.renamed = RENAMED
    seen: list[bool] = []
    resets: list[int] = []

    def look(_seconds: float) -> None:
        resets.append(bench.authority.resets)
        if bench.clock.boot > 5000 + RENEWED_AFTER + 60:
            seen.append(bench.published() is not None)

    bench.clock.during_sleep = look
    assert bench.turn() is None
    assert bench.authority.prompts == [GRAPH, ARM]
    assert resets[-1] == resets[0] + 1, "MSAL still holds the account in memory"
    assert seen
    assert not any(seen)
    assert bench.published() is not None
    assert bench.published("arm") is not None


def test_further_token_that_is_due_alone_does_not_choose_what_is_asked_for(tmp_path: Path) -> None:
    """Nobody is signed in, and the first token waits after a failure: the prompt is for the first one."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.signin()
    bench.authority.renewals.extend([AuthorityBusy("429", retry_after=600), None])
    bench.clock.sleep(RENEWED_AFTER + 1)
    bench.turn()
    bench.allow(Admission(users=frozenset({"bob@contoso.example"})))
    bench.authority.person = replace(ALICE, username="bob@contoso.example", object_id="bob")
    assert bench.turn() is None
    assert bench.authority.prompts == [GRAPH, GRAPH]


def test_nobody_signed_in_ends_the_loop_where_prompting_is_off_whatever_is_due(tmp_path: Path) -> None:
    """77 also while the first token waits after a failure."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.signin()
    bench.authority.renewals.extend([AuthorityBusy("429", retry_after=600), None])
    bench.clock.sleep(RENEWED_AFTER + 1)
    bench.turn()
    bench.rules = replace(bench.rules, may_prompt=False)
    (bench.state_path / "cache").write_text("damaged")
    error = bench.turn()
    assert error is not None
    assert error.exit_code == 77


def test_pause_of_an_account_that_is_gone_is_gone_with_it(bench: Bench) -> None:
    """The authority wanted no request for its token for ten minutes; the next person is asked now."""
    bench.authority.renewals.append(AuthorityBusy("429", retry_after=600))
    bench.clock.sleep(RENEWED_AFTER + 1)
    bench.turn()
    bench.allow(Admission(users=frozenset({"bob"})))
    bench.authority.person = replace(ALICE, username="bob")
    assert bench.turn() is None
    assert len(bench.authority.prompts) == 2


@pytest.mark.parametrize("seconds", [3, 7, 10])
def test_short_retry_after_is_honoured_within_the_turn(bench: Bench, seconds: int) -> None:
    """A server that asks for seven seconds is asked again after seven, not after two."""
    bench.authority.renewals.append(AuthorityBusy("429", retry_after=seconds))
    bench.clock.sleep(RENEWED_AFTER + 1)
    assert bench.turn() is None
    first, second = [at for kind, at in bench.authority.requests if kind == "renew"]
    assert second - first == max(seconds, 2)


def test_renewals_for_somebody_else_ask_a_person_once_nothing_lives(bench: Bench) -> None:
    """While the token lives it may be a passing mistake of the authority's; later it would be for ever, as a
    provider that gave the person another id goes on as it began.
    """
    bench.authority.refused_scopes[GRAPH] = AccountRefused("renewed the token of one with one of another")
    bench.clock.sleep(RENEWED_AFTER + 1)
    live = bench.published()
    assert isinstance(bench.turn(), AccountRefused)
    assert bench.published() == live
    assert bench.events("refresh.failed")[-1]["kind"] == "account-refused"
    assert len(bench.authority.prompts) == 1
    bench.clock.sleep(LIFE)
    assert bench.turn() is None
    assert len(bench.authority.prompts) == 2
    assert "another account" in bench.events("signin.code_issued")[-1]["reason"]
    assert bench.published() != live


def test_prompt_for_somebody_elses_token_is_held_back_like_any_other(bench: Bench) -> None:
    """Nobody answers it: the pauses between prompts grow, and the loop goes on."""
    bench.authority.refused_scopes[GRAPH] = AccountRefused("renewed the token of one with one of another")
    bench.clock.sleep(LIFE + 1)
    bench.authority.polls.append(SigninDeclined("no"))
    assert isinstance(bench.turn(), SigninDeclined)
    assert bench.turn() is None
    assert len(bench.authority.prompts) == 2

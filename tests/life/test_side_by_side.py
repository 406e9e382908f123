"""Renewals side by side: one save, one publication, and nothing of somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.core.account import Admission
from sidecar.errors import AccountRefused, AuthorityBusy, AuthorityUnreachable, SidecarError, SigninRequired
from tests.life.bench import ARM, GRAPH, Bench
from tests.life.doubles import ALICE, MALLORY, Flickering

NAMES: list[str] = ["", "arm", *(f"t{number}" for number in range(18))]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A signed-in pod with twenty audiences, four at a time."""
    wanted = {name: (f"https://graph.microsoft.com/P.{name}",) for name in NAMES}
    bench = Bench.in_directory(tmp_path, wanted={**wanted, "": GRAPH, "arm": ARM})
    bench.width = 4
    assert bench.signin() is None
    bench.authority.requests.clear()
    return bench


def commits(bench: Bench) -> int:
    """How often the cache was made durable."""
    assert isinstance(bench.cache, Flickering)
    return bench.cache.commits


def test_one_save_and_one_publication_for_all(bench: Bench) -> None:
    """Twenty requests, one durable write, one generation."""
    before, published = commits(bench), len(bench.events("token.published"))
    assert bench.turn(at_once=True) is None
    assert len(bench.authority.requests) == 20
    assert commits(bench) == before + 1
    assert len(bench.events("token.published")) == published + 1


def test_answer_for_somebody_else_takes_all_back_and_the_others_are_asked_again(bench: Bench) -> None:
    """Which answer brought which refresh token cannot be told apart; nothing of a stranger stays."""
    bench.authority.refused_scopes[ARM] = AccountRefused("the token of Mallory")
    before, resets = bench.published("arm"), bench.authority.resets
    assert bench.turn(at_once=True) is None
    assert len(bench.authority.requests) == 20 + 19
    assert bench.authority.resets == resets + 1
    assert bench.published("arm") == before
    assert {record.get("token") or "" for record in bench.events("refresh.succeeded")[-19:]} == set(NAMES) - {
        "arm"
    }
    assert bench.authority.cache_content()["account"] == ALICE.home_account_id
    assert bench.events("refresh.failed")[-1]["token"] == "arm"


class Once(dict[tuple[str, ...], SidecarError]):
    """Refuses each of its scopes the first time only."""

    def __getitem__(self, scopes: tuple[str, ...]) -> SidecarError:
        return self.pop(scopes)


def test_refresh_token_that_one_of_them_spent_asks_nobody(bench: Bench) -> None:
    """Where each use spends it after all, the others are asked for once more, one after the other."""
    others = [scopes for name, scopes in bench.rules.wanted.items() if name]
    bench.authority.refused_scopes = Once(dict.fromkeys(others, SigninRequired("it was redeemed before")))
    prompts = len(bench.events("refresh.signin_required"))
    assert bench.turn(at_once=True) is None
    assert len(bench.authority.requests) == 20 + 19
    assert len(bench.events("refresh.signin_required")) == prompts
    assert all(bench.published(name) for name in NAMES)


def test_consent_that_is_missing_costs_one_more_request(bench: Bench) -> None:
    """It stays refused when it is asked for alone, and the prompt is about it."""
    bench.authority.refused_scopes = {ARM: SigninRequired("consent is missing")}
    bench.turn(at_once=True)
    assert [what for what, _ in bench.authority.requests].count("renew") == 20 + 1
    assert bench.events("refresh.signin_required")[-1]["token"] == "arm"


def test_account_that_is_not_allowed_any_more_is_withdrawn(bench: Bench) -> None:
    """Nothing of the batch is published: as with one answer after the other."""
    bench.allow(Admission(users=frozenset({str(ALICE.object_id)})))
    bench.authority.renamed, bench.authority.renamed_after = MALLORY, 7
    bench.turn(at_once=True)
    assert bench.events("token.withdrawn")
    assert [event["username"] for event in bench.events("signin.rejected")] == [MALLORY.username]


def test_nobody_there_is_found_out_by_a_few(bench: Bench) -> None:
    """Four requests without an answer tell of all twenty; twice in a turn."""
    bench.authority.refused_scopes = {
        scopes: AuthorityUnreachable("no complete answer within 10 s")
        for scopes in bench.rules.wanted.values()
    }
    error = bench.turn(at_once=True)
    assert error is not None
    assert error.exit_code == 69
    assert len(bench.authority.requests) <= 2 * (4 + 3)
    assert len(bench.events("refresh.trouble")) == 20
    assert len(bench.events("refresh.failed")) == 20
    assert bench.requests_per_minute() <= 20


def test_long_pause_of_one_holds_up_no_second_try_of_another(bench: Bench) -> None:
    """Eight seconds for the one that was asked for them; two for the other, within the turn."""
    scopes = list(bench.rules.wanted.values())
    bench.authority.refused_scopes = {
        scopes[2]: AuthorityBusy("429", retry_after=8),
        scopes[3]: AuthorityBusy("503", retry_after=None),
    }
    started = bench.clock.boot

    def heal(_seconds: float) -> None:
        bench.authority.refused_scopes.pop(scopes[3], None)

    bench.clock.during_sleep = heal
    assert bench.turn(at_once=True) is None
    assert bench.clock.boot - started == 2
    assert len(bench.authority.requests) == 20 + 1
    failed = bench.events("refresh.failed")
    assert [record["token"] for record in failed] == ["t0"]
    assert failed[0]["retry_in_seconds"] == 8

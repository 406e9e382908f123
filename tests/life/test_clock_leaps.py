"""A leap of the wall clock is never forgotten before all tokens are right by the new time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.adapters.log import Log
from sidecar.core.account import Account
from sidecar.core.device_code import Answer
from sidecar.core.grant import Grant
from sidecar.errors import (
    AuthorityBusy,
    AuthorityUnreachable,
    AuthorityUntrusted,
    DirectoryError,
    SigninRequired,
)
from sidecar.ledger import Ledger
from tests.life.bench import ARM, GRAPH, Bench
from tests.life.doubles import ScriptedAuthority

LIFE = 3600
FOR_EVER = 10_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Signed in for one token, a while ago."""
    bench = Bench.in_directory(tmp_path)
    bench.signin()
    bench.turn()
    bench.clock.sleep(2000)
    return bench


def renewals(bench: Bench) -> list[float]:
    """When tokens were renewed, by the wall clock of the time."""
    return [at for kind, at in bench.authority.requests if kind == "renew"]


def test_leap_before_a_restart_is_left_to_refresh(bench: Bench) -> None:
    """`signin` finds a live token and asks nobody; `refresh` still knows that its life is uncertain."""
    bench.clock.leap(-1200)
    assert bench.signin() is None
    assert renewals(bench) == []
    assert bench.turn() is None
    assert len(renewals(bench)) == 1
    assert bench.turn() is None
    assert len(renewals(bench)) == 1


@pytest.mark.parametrize("where", ["cache", ".room"])
def test_leap_while_nothing_can_be_written_is_acted_on_later(bench: Bench, where: str) -> None:
    """The volume takes nothing at that moment: the renewal is owed, and made when there is room."""
    obstacle = bench.state_path / where
    aside = bench.state_path / "aside"
    if where == "cache":
        obstacle.rename(aside)
    obstacle.mkdir()
    bench.clock.leap(-1200)
    assert isinstance(bench.turn(), DirectoryError)
    assert renewals(bench) == []
    obstacle.rmdir()
    if where == "cache":
        aside.rename(obstacle)
    bench.run_for(30)
    assert len(renewals(bench)) == 1


def test_signin_that_renews_one_token_leaves_the_others_to_refresh(tmp_path: Path) -> None:
    """It fetches what apps cannot start without; the lives of the others are still uncertain."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.signin()
    bench.clock.sleep(2400)
    bench.authority.renewals.append(AuthorityBusy("429", retry_after=3600))
    bench.turn()
    bench.clock.sleep(1150)
    bench.clock.leap(40)
    before = len(renewals(bench))
    assert bench.signin() is None
    assert len(renewals(bench)) == before + 1
    assert bench.turn() is None
    assert len(renewals(bench)) == before + 3


class Leaping(ScriptedAuthority):
    """While it answers the first renewal somebody sets the clock."""

    def renew(self, account: Account, scopes: tuple[str, ...]) -> Grant:
        """As ever."""
        grant = super().renew(account, scopes)
        if len(self.requests) == 2:
            self.clock.leap(-200)
        return grant


def test_leap_during_a_renewal_has_it_made_again(bench: Bench) -> None:
    """The token just obtained carries an expiry by the old time."""
    bench.authority = Leaping(bench.cache, bench.clock, requests=bench.authority.requests)
    assert bench.turn(at_once=True) is None
    bench.run_for(10)
    assert len(renewals(bench)) == 2
    published = bench.published()
    assert published is not None
    assert published["expires_on"] <= bench.clock.now() + LIFE


def test_leap_while_nobody_is_signed_in_makes_no_flood(tmp_path: Path) -> None:
    """There is no token whose life could be uncertain: what holds back requests holds them back."""
    bench = Bench.in_directory(tmp_path)
    bench.authority.codes.extend([AuthorityUnreachable("no answer")] * FOR_EVER)
    bench.turn()
    bench.clock.leap(-1200)
    bench.turn()
    bench.run_for(600)
    assert len(bench.authority.requests) > 10
    assert bench.requests_per_minute() <= 10


def test_pause_begins_after_the_leap(bench: Bench) -> None:
    """A failure that is noted just after somebody set the clock counts from the new time, once."""
    ledger = Ledger(clock=bench.clock, log=Log(format="json", level="debug", stream=bench.output))
    ledger.journal = replace(ledger.journal, anchor=bench.clock.anchor())
    bench.clock.leap(-1200)
    ledger.failed("", AuthorityUntrusted("no"), None)
    ledger.check_clock()
    assert ledger.journal.tokens[""].retry_on == bench.clock.now() + 300


@pytest.mark.parametrize("leap", [-1200, 1200])
def test_leap_while_a_prompt_is_open_renews_the_others_within_a_minute(tmp_path: Path, leap: float) -> None:
    """A prompt may stay open for an hour; a token whose life is uncertain does not wait for it."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.authority.refused_scopes[ARM] = SigninRequired("consent_required")
    bench.signin()
    bench.clock.sleep(301)
    bench.authority.polls.extend([Answer.PENDING] * 300)
    started = bench.clock.boot
    leaps: list[float] = []

    def look(_seconds: float) -> None:
        if bench.clock.boot >= started + 1000 and not leaps:
            bench.clock.leap(leap)
            leaps.append(bench.clock.now())

    bench.clock.during_sleep = look
    before = len(renewals(bench))
    assert bench.turn() is None
    times = renewals(bench)[before:]
    assert [0 <= at - leaps[0] <= 60 for at in times[1:2]] == [True]
    published = bench.published()
    assert published is not None
    assert published["expires_on"] <= bench.clock.now() + LIFE


def test_leap_at_the_end_of_a_turn_is_seen_by_the_next(tmp_path: Path) -> None:
    """The clock is set just before somebody answers the prompt: the next turn comes at once."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.authority.refused_scopes[ARM] = SigninRequired("consent_required")
    bench.signin()
    bench.clock.sleep(301)
    bench.clock.during_sleep = lambda _seconds: bench.clock.leap(-200)
    assert bench.turn() is None
    bench.clock.during_sleep = lambda _seconds: None
    del bench.authority.refused_scopes[ARM]
    before = len(renewals(bench))
    bench.run_for(10)
    assert len(renewals(bench)) == before + 2


def test_pause_before_the_next_prompt_does_not_grow_by_a_leap(bench: Bench) -> None:
    """Ten minutes stay ten minutes when the clock goes back by twenty."""
    bench.authority.revoked = True
    bench.authority.polls.extend([Answer.DECLINED] * 6)
    bench.clock.sleep(LIFE)
    bench.turn()
    bench.run_for(1000)
    assert bench.events("signin.failed")[-1]["next_prompt_in_seconds"] == 600
    before = len(bench.authority.prompts)
    bench.clock.leap(-1200)
    bench.authority.renewals.append(AuthorityUntrusted("the certificate is not trusted"))
    bench.turn()
    bench.run_for(660)
    assert len(bench.authority.prompts) == before + 1


def test_leap_is_told_once(bench: Bench) -> None:
    """Also if it cannot be acted on for a while."""
    bench.clock.leap(-1200)
    bench.full = True
    bench.turn()
    bench.run_for(200)
    bench.full = False
    bench.run_for(30)
    assert len(bench.events("clock.leapt")) == 1
    assert len(renewals(bench)) == 1

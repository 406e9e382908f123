"""The tenant's policy blocks the device code flow: nobody is asked, nothing loops, it heals by itself."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from sidecar.core.account import Admission
from sidecar.core.device_code import Answer
from sidecar.errors import AuthorityBusy, SidecarError, SigninBlocked, SigninRequired
from tests.life.bench import ARM, GRAPH, Bench

LIFE = 3600
RENEWED_AFTER = int(LIFE * 0.66)
BLOCKED = SigninBlocked("invalid_grant: AADSTS530036", advice="Ask an administrator.", aadsts="530036")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Signed in, with the renewal due."""
    bench = Bench.in_directory(tmp_path)
    bench.signin()
    bench.clock.sleep(RENEWED_AFTER + 1)
    return bench


def block(bench: Bench, times: int = 1000) -> None:
    """The policy is switched on."""
    bench.authority.renewals.extend([BLOCKED] * times)


def renewals(bench: Bench) -> list[float]:
    """When a renewal was tried."""
    return [at for kind, at in bench.authority.requests if kind == "renew"]


def test_blocked_renewal_is_told_at_once_and_asks_nobody(bench: Bench) -> None:
    """One request, one event that names who can help; the published token stays, the loop goes on."""
    block(bench)
    published = bench.published()
    error = bench.turn()
    assert isinstance(error, SigninBlocked)
    assert error.exit_code == 77
    assert len(renewals(bench)) == 1
    (event,) = bench.events("signin.blocked")
    assert event["level"] == "error"
    assert event["cure"] == "administrator"
    assert event["advice"] == BLOCKED.advice
    assert event["retry_in_seconds"] == 900
    assert event["token_lives_seconds"] == LIFE - RENEWED_AFTER - 1
    assert bench.events("refresh.failed") == []
    assert len(bench.events("refresh.signin_required")) == len(bench.authority.prompts) == 1
    assert bench.published() == published


def test_blocked_renewal_is_tried_again_more_and_more_slowly(bench: Bench) -> None:
    """A quarter of an hour, half of one, then every hour, for as long as the policy stands."""
    block(bench)
    bench.turn()
    bench.run_for(6 * 3600)
    gaps = [round(later - earlier) for earlier, later in pairwise(renewals(bench))]
    assert gaps[:4] == pytest.approx([900, 1800, 3600, 3600], abs=2)
    assert len(bench.authority.prompts) == 1
    assert len(bench.events("signin.blocked")) == len(renewals(bench))


def test_changed_policy_heals_it_without_a_person(bench: Bench) -> None:
    """The old refresh token is good again, and the schedule is as ever."""
    block(bench, times=2)
    bench.turn()
    bench.run_for(900 + 1800 + 60)
    assert len(bench.authority.prompts) == 1
    published = bench.published()
    assert published is not None
    assert published["expires_on"] > bench.clock.now() + LIFE - 120
    before = len(renewals(bench))
    bench.run_for(RENEWED_AFTER + 10)
    assert len(renewals(bench)) == before + 1


def test_hup_tries_a_blocked_renewal_at_once(bench: Bench) -> None:
    """An administrator who has changed the policy need not wait an hour."""
    block(bench, times=1)
    bench.turn()
    assert bench.turn() is None
    assert len(renewals(bench)) == 1
    assert bench.turn(at_once=True) is None
    assert bench.events("refresh.succeeded")


def test_outage_before_does_not_lengthen_the_pause(bench: Bench) -> None:
    """Ten failures of the network, then the policy: the first pause is a quarter of an hour all the same."""
    bench.authority.renewals.extend([AuthorityBusy("503", retry_after=60)] * 10)
    for _ in range(10):
        bench.turn(at_once=True)
    block(bench)
    bench.turn(at_once=True)
    assert bench.events("signin.blocked")[0]["retry_in_seconds"] == 900


def test_role_signin_ends_at_once_where_the_flow_is_blocked(bench: Bench) -> None:
    """77 and no prompt: nobody waits in front of an init container for what only an administrator can do."""
    block(bench)
    bench.clock.sleep(LIFE - RENEWED_AFTER - 30)
    error = bench.signin()
    assert error is not None
    assert error.exit_code == 77
    assert len(bench.authority.prompts) == 1
    assert [event["event"] for event in bench.events() if event.get("level") == "error"] == ["signin.blocked"]


def test_blocked_renewal_ends_the_loop_where_prompting_is_off(tmp_path: Path) -> None:
    """As every refusal does: 77, for the platform to see."""
    bench = Bench.in_directory(tmp_path)
    bench.signin()
    bench.rules = type(bench.rules)(
        wanted=bench.rules.wanted, policy=bench.rules.policy, admission=Admission(), may_prompt=False
    )
    bench.clock.sleep(RENEWED_AFTER + 1)
    block(bench)
    error = bench.turn()
    assert error is not None
    assert error.exit_code == 77


def test_dead_refresh_token_prompts_after_all(bench: Bench) -> None:
    """Blocked, then revoked: the next refusal is an ordinary one."""
    block(bench, times=1)
    bench.turn()
    bench.authority.renewals.append(SigninRequired("invalid_grant: AADSTS50173"))
    bench.run_for(1000)
    assert len(bench.authority.prompts) == 2
    assert bench.published() is not None


def test_policy_for_one_of_several_tokens_holds_up_no_other(tmp_path: Path) -> None:
    """The first is renewed as ever; nobody is asked for the one that policy keeps back."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.signin()
    bench.authority.refused_scopes[ARM] = BLOCKED
    bench.clock.sleep(RENEWED_AFTER + 1)
    assert bench.turn() is None
    bench.run_for(2 * RENEWED_AFTER)
    assert bench.authority.prompts == [GRAPH]
    renewed = [event.get("token") for event in bench.events("refresh.succeeded")]
    assert renewed.count(None) == 3
    assert renewed.count("arm") == 1, "its second token, which the sign-in brought"
    assert {event["token"] for event in bench.events("signin.blocked")} == {"arm"}


@pytest.mark.parametrize("at", ["poll", "device code"])
def test_refused_sign_in_brings_no_new_code_every_half_minute(tmp_path: Path, at: str) -> None:
    """Nobody is signed in, and policy refuses the poll, or the code itself: the next code is an hour away."""
    bench = Bench.in_directory(tmp_path)
    refusals: list[SidecarError] = [BLOCKED] * 1000
    (bench.authority.polls if at == "poll" else bench.authority.codes).extend(refusals)
    error = bench.turn()
    assert isinstance(error, SigninBlocked)
    bench.run_for(6 * 3600)
    asked = [when for kind, when in bench.authority.requests if kind == "devicecode"]
    gaps = [round(later - earlier) for earlier, later in pairwise(asked)]
    assert gaps[:4] == pytest.approx([900, 1800, 3600, 3600], abs=10)
    assert bench.events("signin.failed") == []
    assert {event["level"] for event in bench.events("signin.blocked")} == {"error"}
    bench.authority.polls.clear()
    bench.authority.codes.clear()
    assert bench.turn(at_once=True) is None
    assert bench.published() is not None


def test_role_signin_ends_at_once_where_the_poll_is_refused_by_policy(tmp_path: Path) -> None:
    """77, and the event says so; it does not show a second code."""
    bench = Bench.in_directory(tmp_path)
    bench.authority.polls.extend([Answer.PENDING, BLOCKED])
    error = bench.signin()
    assert error is not None
    assert error.exit_code == 77
    assert len(bench.authority.prompts) == 1
    assert bench.events("signin.failed") == []
    assert len(bench.events("signin.blocked")) == 1


def test_code_that_nobody_could_use_says_what_the_browser_may_have_said(tmp_path: Path) -> None:
    """53003 shows in the browser alone, while the poll stays pending: the expiry and the end mention it."""
    bench = Bench.in_directory(tmp_path)
    bench.authority.polls.extend([Answer.PENDING] * 10_000)
    bench.timeout_seconds = 1200
    error = bench.signin()
    assert error is not None
    assert "53003" in error.advice
    assert "53003" in bench.events("signin.expired")[0]["advice"]

"""Tokens that nobody configured: fetched when somebody asks, kept fresh, and nobody's trouble."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.demand import scopes_of
from sidecar.errors import AuthorityMisconfigured, SigninRequired
from sidecar.role import REFRESH
from tests.life.asking import ask
from tests.life.bench import ARM, GRAPH, Bench

VAULT = "https://vault.azure.net"
STORAGE = "https://storage.azure.com"
LIFE = 3600


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A pod that wants a Graph token, and where somebody is signed in."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH})
    assert bench.signin() is None
    return bench


def forget(bench: Bench) -> None:
    """Nobody asked for anything in a day."""
    bench.rules = replace(bench.rules, wanted=bench.rules.configured, demanded=frozenset())


def test_it_is_fetched_once_and_alone(bench: Bench) -> None:
    """One request, for this resource; asked again, there is none while it lives."""
    bench.authority.requests.clear()
    assert ask(bench, VAULT) is None
    document = bench.published("vault.azure.net")
    assert document is not None
    assert document["resource"] == VAULT
    assert ask(bench, VAULT) is None
    assert [kind for kind, _ in bench.authority.requests] == ["renew"]


def test_loop_keeps_it_fresh_while_it_is_asked_for_and_drops_it_then(bench: Bench) -> None:
    """Three lives beside the configured one; forgotten, it is neither renewed nor published."""
    assert ask(bench, VAULT) is None
    bench.run_for(3 * LIFE)
    for name in ("", "vault.azure.net"):
        document = bench.published(name)
        assert document is not None
        assert document["expires_on"] > bench.clock.now()

    forget(bench)
    bench.turn(REFRESH, at_once=True)
    assert bench.published("vault.azure.net") is None
    assert bench.published() is not None


def test_what_is_configured_serves_a_demand(bench: Bench) -> None:
    """No second token of one resource, and no second name."""
    bench.rules = replace(bench.rules, wanted={"": GRAPH, "arm": ARM})
    assert ask(bench, "https://management.azure.com/") is None
    assert bench.published("arm") is not None
    assert bench.rules.demanded == frozenset()


@pytest.mark.parametrize("revoked", [False, True], ids=["consent is missing", "the sign-in is over"])
def test_it_never_prompts(bench: Bench, revoked: bool) -> None:
    """Whoever asks gets the reason; nobody is shown a code, and no probe turns."""
    before = bench.number("ready_until"), len(bench.authority.prompts)
    bench.authority.revoked = revoked
    bench.authority.refused_scopes[scopes_of(VAULT)] = SigninRequired("AADSTS65001")
    error = ask(bench, VAULT)
    assert error is not None
    assert error.exit_code == 77
    assert (bench.number("ready_until"), len(bench.authority.prompts)) == before
    assert bench.published() is not None


def test_loop_prompts_for_it_no_more_than_a_demand_does(bench: Bench) -> None:
    """Obtained, and then its consent is taken back: tried slowly, and only what is configured prompts."""
    assert ask(bench, VAULT) is None
    bench.authority.refused_scopes[scopes_of(VAULT)] = SigninRequired("AADSTS65001")
    bench.run_for(2 * LIFE)
    assert bench.authority.prompts == [GRAPH]
    assert bench.requests_per_minute() <= 10
    document = bench.published()
    assert document is not None
    assert document["expires_on"] > bench.clock.now()


def test_loop_leaves_one_that_was_never_obtained_to_whoever_asks(bench: Bench) -> None:
    """A made-up resource costs a request when it is asked for, no more than one in five minutes, and none of
    the loop.
    """
    bench.authority.refused_scopes[scopes_of(STORAGE)] = AuthorityMisconfigured("AADSTS500011")
    bench.authority.requests.clear()
    assert ask(bench, STORAGE) is not None
    assert bench.rules.demanded == frozenset()
    bench.run_for(LIFE / 2)
    assert len(bench.authority.requests) == 1
    assert bench.turn(REFRESH) is None


def test_probes_ask_nothing_about_it(tmp_path: Path) -> None:
    """Where all tokens have names, readiness is about the configured ones."""
    bench = Bench.in_directory(tmp_path, wanted={"graph": GRAPH})
    bench.signin()
    ready_until = bench.number("ready_until")
    bench.authority.life_seconds = 600
    assert ask(bench, VAULT) is None
    assert bench.number("ready_until") == ready_until


def test_nobody_signed_in_is_an_answer(tmp_path: Path) -> None:
    """77, without a prompt and without a request."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH})
    error = ask(bench, VAULT)
    assert error is not None
    assert error.exit_code == 77
    assert bench.authority.requests == []


def test_after_a_new_signin_it_is_renewed_too(bench: Bench) -> None:
    """The prompt is for what is configured; its sign-in serves what is on demand."""
    assert ask(bench, VAULT) is None
    bench.authority.revoked = True
    bench.clock.sleep(LIFE * 0.7)
    assert bench.turn(REFRESH) is None
    assert bench.authority.prompts == [GRAPH, GRAPH]
    document = bench.published("vault.azure.net")
    assert document is not None
    assert document["expires_on"] > bench.clock.now() + LIFE / 2

"""Replicas that are not alike: a rolling update, a token that only one of them wants, somebody shut out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.account import Admission
from tests.life.bench import GRAPH, Bench
from tests.life.replicas import STATE, Replicas, expires_on

VAULT = ("https://vault.azure.net/.default",)


@pytest.fixture
def replicas(tmp_path: Path) -> Replicas:
    """None yet."""
    return Replicas(tmp_path)


def other_tokens(bench: Bench) -> None:
    """An update that has `vault` in the place of `arm`."""
    bench.rules = replace(bench.rules, wanted={"": GRAPH, "vault": VAULT})


def test_other_tokens_of_a_replica_are_kept(replicas: Replicas) -> None:
    """Neither renews again and again what the other does not want, and no app loses a live token."""
    old, new = replicas.pod("old", wanted=2), replicas.pod("newer")
    other_tokens(new)
    for pod in (old, new, old):
        assert pod.turn() is None
    for _ in range(48):
        due, pod = min(((pod.number("due") - pod.clock.now(), pod) for pod in (old, new)), key=lambda x: x[0])
        replicas.clock.sleep(max(due, 0))
        assert pod.turn() is None
        assert old.published("arm") is not None
        assert new.published("vault") is not None
    hours = (replicas.clock.wall - 1_700_000_000) / 3600
    assert hours > 1.5
    requests = [kind for pod in (old, new) for kind, _ in pod.authority.requests if kind == "renew"]
    assert len(requests) <= 3 * (hours / 0.6 + 1), "each token when it is due"
    assert replicas.provider.reused == []


def test_what_is_left_of_another_replica_ends(replicas: Replicas) -> None:
    """A token that nobody wants any more leaves the cache when it has expired."""
    old, new = replicas.pod("old", wanted=2), replicas.pod("newer")
    old.turn(), new.turn()
    replicas.clock.sleep(3000)
    new.turn()
    assert "arm" in new.cache.look().tokens
    replicas.clock.sleep(3000)
    new.turn()
    assert "arm" not in new.cache.look().tokens


def test_tokens_of_who_is_shut_out_end_in_every_replica(replicas: Replicas) -> None:
    """One of them sees that the account is not allowed; the readers of the other lose its token as well."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    assert second.published() is not None
    first.rules = replace(
        first.rules, admission=Admission(users=frozenset({"nobody@example.com"})), may_prompt=False
    )
    first.turn()
    assert first.published() is None
    second.rules = replace(second.rules, may_prompt=False)
    second.turn()
    assert second.published() is None
    assert len(second.events("token.withdrawn")) == 1
    second.turn()
    assert len(second.events("token.withdrawn")) == 1, "told once"


def test_withdrawal_is_known_beside_the_prompt_that_follows(replicas: Replicas) -> None:
    """The cache is written again before a person is asked; the other replica looks only then."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    first.rules = replace(first.rules, admission=Admission(users=frozenset({"nobody@example.com"})))
    seen: list[object] = []

    def beside(_seconds: float) -> None:
        if not seen:
            seen.append(second.turn())
            seen.append(second.published())

    first.clock.during_sleep = beside
    first.timeout_seconds = 60
    first.turn()
    assert seen == [None, None]


def test_empty_cache_of_a_new_pod_takes_the_place_of_no_sign_in(replicas: Replicas) -> None:
    """It begins to ask since it found nothing; whoever has a sign-in keeps it, and gives it to all."""
    first, new = replicas.pod("first"), replicas.pod("new")
    first.turn()
    copy = replicas.cluster.secrets[STATE]
    lease = replicas.cluster.leases[STATE]
    replicas.cluster.secrets[STATE] = replace(copy, data={"serial": b"7"})
    replicas.cluster.leases[STATE] = replace(lease, annotations={})
    new.timeout_seconds = 60
    new.authority.away = lambda _now: True
    new.turn()
    assert new.authority.prompts
    replicas.clock.sleep(60)
    assert first.turn() is None
    assert first.cache.look().account is not None
    replicas.clock.sleep(30)
    assert new.turn() is None
    assert new.published() == first.published()
    assert expires_on(new) > new.clock.now()


def test_other_scopes_under_the_same_name_cost_requests_and_no_prompt(replicas: Replicas) -> None:
    """Until the update is over each renews at its looks; neither spends what the other has spent."""
    old, new = replicas.pod("old"), replicas.pod("newer")
    new.rules = replace(new.rules, wanted={"": VAULT})
    old.turn(), new.turn()
    for _ in range(30):
        due, pod = min(((pod.number("due") - pod.clock.now(), pod) for pod in (old, new)), key=lambda x: x[0])
        replicas.clock.sleep(max(due, 0))
        assert pod.turn() is None
        for each, scopes in ((old, GRAPH), (new, VAULT)):
            assert (each.published() or {})["scope"] == scopes[0]
            assert expires_on(each) > each.clock.now()
    assert replicas.clock.wall - 1_700_000_000 >= 2400, "not in haste"
    assert len(old.authority.prompts) + len(new.authority.prompts) == 1
    assert replicas.provider.reused == []

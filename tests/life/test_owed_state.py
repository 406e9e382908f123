"""The API server away, and what is here but not shared: nothing is lost, and nothing old is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors import ClusterUnreachable
from tests.life.replicas import KEY, STATE, NodeClock, Replicas, expires_on


@pytest.fixture
def replicas(tmp_path: Path) -> Replicas:
    """None yet."""
    return Replicas(tmp_path)


def test_hour_without_the_api_costs_no_prompt_and_one_warning(replicas: Replicas) -> None:
    """What is cached stays published; no refresh token is used meanwhile, and all goes on afterwards."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    replicas.away = True
    requests = len(first.authority.requests)
    for _ in range(90):
        error = first.turn()
        assert error is None or isinstance(error, ClusterUnreachable)
        pause = first.number("due") - first.clock.now()
        assert 1 <= pause <= 61
        replicas.clock.sleep(pause)
    assert first.published() is not None
    assert len(first.authority.requests) == requests
    assert len(first.events("state.unshared")) == 1
    warned = [event for event in first.events() if event.get("level") in ("warning", "error")]
    assert len(warned) == 2, "the trouble, and that somebody had to sign in at the beginning"
    replicas.away = False
    assert first.turn() is None
    assert len(first.events("state.shared")) == 2
    second.turn()
    assert second.published() == first.published()
    assert expires_on(second) > second.clock.now()
    assert not second.authority.prompts
    assert len(first.authority.prompts) == 1
    assert replicas.provider.reused == []


def test_answer_that_could_not_be_shared_is_shared_first(replicas: Replicas) -> None:
    """The local save stands, the token is published, and the Lease is kept from the others meanwhile."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    replicas.clock.sleep(3000)
    replicas.refuse("replace_secret")
    assert first.turn() is None
    assert expires_on(first) > first.clock.now() + 3000
    assert first.number("due") - first.clock.now() <= 20
    replicas.clock.sleep(15)
    assert second.turn() is None
    assert second.events("lease.held")
    assert not second.authority.requests
    replicas.refuse()
    assert first.turn() is None
    assert replicas.holder() is None
    assert second.turn() is None
    assert second.published() == first.published()
    assert replicas.provider.reused == []


def test_crash_between_save_and_share_loses_nothing(replicas: Replicas) -> None:
    """The next turn of that pod shares what it has, and the others take it over."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    replicas.clock.sleep(3000)
    replicas.crash(first, at="replace_secret")
    assert replicas.refresh_token(first) != replicas.refresh_token(second)
    assert first.turn() is None
    assert first.events("state.shared")[-1]["serial"] == replicas.serial()
    assert second.turn() is None
    assert replicas.refresh_token(first) == replicas.refresh_token(second)
    assert replicas.provider.reused == []


def test_lost_answer_to_a_write_is_no_conflict(replicas: Replicas) -> None:
    """The copy had arrived: the next turn sees it, and writes nothing."""
    first = replicas.pod("first")
    first.turn()
    replicas.clock.sleep(3000)
    replicas.lose_answer("replace_secret")
    assert first.turn() is None
    serial = replicas.serial()
    replicas.refuse()
    assert replicas.calls(first.turn)[0] == "secret"
    assert replicas.serial() == serial


def test_pod_of_an_old_state_waits_for_who_has_the_newer(replicas: Replicas) -> None:
    """The Secret was made anew, and empty, while the replica with the last refresh token was away."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    replicas.clock.sleep(2900)
    first.turn()
    replicas.cluster.add_secret(STATE)
    replicas.clock.sleep(100)
    assert second.turn() is None
    assert not second.authority.requests
    assert not replicas.content(), "an old refresh token is not shared"
    assert first.turn() is None
    assert first.events("state.shared")
    replicas.clock.sleep(20)
    assert second.turn() is None
    assert second.published() == first.published()
    assert replicas.provider.reused == []


def test_old_state_is_used_rather_than_a_prompt_after_minutes(replicas: Replicas) -> None:
    """Whoever had the newer one may be gone for good; at Entra an old refresh token still works."""
    first, second = replicas.pod("first"), replicas.pod("second")
    replicas.provider.rotates = False
    first.turn(), second.turn()
    replicas.clock.sleep(2900)
    first.turn()
    replicas.cluster.add_secret(STATE)
    begun = replicas.clock.boot
    while not second.authority.requests:
        waited = replicas.clock.boot - begun
        assert second.turn() is None
        replicas.clock.sleep(max(second.number("due") - second.clock.now(), 1))
    assert 300 <= waited <= 320
    assert not second.authority.prompts
    assert replicas.content()
    first.turn()
    assert first.published() == second.published()


def test_deleted_secret_costs_no_renewal(replicas: Replicas) -> None:
    """Nobody here may make it: the one with the state goes on from its own directory, and fills it later."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    del replicas.cluster.secrets[STATE]
    for _ in range(300):
        first.turn()
        replicas.clock.sleep(max(first.number("due") - first.clock.now(), 0))
    assert expires_on(first) > first.clock.now()
    assert len(first.events("state.unshared")) == 1
    assert second.turn() is None
    assert not second.authority.requests, "the Lease is kept"
    replicas.cluster.add_secret(STATE)
    assert first.turn() is None
    assert replicas.content()
    assert replicas.holder() is None
    assert second.turn() is None
    assert second.published() == first.published()
    assert replicas.provider.reused == []
    assert len(first.authority.prompts) == 1
    assert not second.authority.prompts


def test_new_pod_without_the_secret_asks_nobody(replicas: Replicas) -> None:
    """A sign-in that could not be kept would be asked for in vain."""
    first = replicas.pod("first")
    del replicas.cluster.secrets[STATE]
    error = first.turn()
    assert error is not None
    assert error.anchor() == "object-missing"
    assert not first.authority.prompts


def test_reboot_does_not_forget_what_is_owed(replicas: Replicas) -> None:
    """The file is written anew for the new boot's clock, and still nobody else has what is in it."""
    first = replicas.pod("first")
    first.turn()
    replicas.clock.sleep(3000)
    replicas.refuse("replace_secret")
    first.turn()
    first.clock = NodeClock(replicas.clock, node="the next boot", up=7)
    replicas.restart(first, (KEY,))
    first.turn()
    replicas.refuse()
    first.turn()
    again = replicas.pod("again")
    again.turn()
    assert replicas.refresh_token(again) == replicas.provider.current


def test_deleted_secret_lets_nobody_use_what_is_spent(replicas: Replicas) -> None:
    """Both replicas go on beside it; the one with the newer refresh token keeps the Lease for as long."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    replicas.clock.sleep(2900)
    del replicas.cluster.secrets[STATE]
    for _ in range(120):
        due, pod = min(
            ((pod.number("due") - pod.clock.now(), pod) for pod in (first, second)), key=lambda x: x[0]
        )
        replicas.clock.sleep(max(due, 0))
        pod.turn()
    assert replicas.provider.reused == []
    replicas.cluster.add_secret(STATE)
    replicas.clock.sleep(61)
    first.turn(), second.turn(), first.turn(), second.turn()
    assert first.published() == second.published()
    assert len(first.authority.prompts) + len(second.authority.prompts) == 1

"""One sign-in for several replicas."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors import ClusterUnreachable, LeaseHeld
from tests.life.replicas import STATE, Replicas, expires_on


@pytest.fixture
def replicas(tmp_path: Path) -> Replicas:
    """None yet."""
    return Replicas(tmp_path)


def test_second_replica_asks_neither_a_person_nor_the_authority(replicas: Replicas) -> None:
    """What one has obtained is published by the other as it is."""
    first, second = replicas.pod("first"), replicas.pod("second")
    assert first.turn() is None
    assert second.turn() is None
    assert first.authority.prompts
    assert not second.authority.requests
    assert second.published() == first.published() is not None
    assert [event["by"][:6] for event in second.events("state.adopted")] == ["first_"]
    assert replicas.holder() is None


def test_look_costs_one_request_and_a_renewal_five(replicas: Replicas) -> None:
    """The figures of docs/decisions/0019: most turns of two replicas are looks."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    assert replicas.calls(first.turn) == ["secret"]
    replicas.clock.sleep(2500)
    renewal = replicas.calls(first.turn)
    assert renewal == ["secret", "lease", "replace_lease", "replace_secret", "replace_lease"]
    assert replicas.calls(second.turn) == ["secret"]
    assert not second.authority.requests
    assert first.number("due") - first.clock.now() <= 330


def test_hours_of_three_replicas_spend_each_refresh_token_once(replicas: Replicas) -> None:
    """A provider that detects reuse sees none, whoever comes first."""
    pods = [replicas.pod(name) for name in ("a", "bb", "ccc")]
    for pod in pods:
        pod.turn()
    for _ in range(240):
        due, pod = min(((pod.number("due") - pod.clock.now(), pod) for pod in pods), key=lambda each: each[0])
        replicas.clock.sleep(max(due, 0))
        assert pod.turn() is None
    assert sum(len(pod.authority.prompts) for pod in pods) == 1
    assert replicas.provider.reused == []
    renewals = [at for pod in pods for kind, at in pod.authority.requests if kind == "renew"]
    assert len(renewals) >= 8
    for pod in pods:
        assert expires_on(pod) > pod.clock.now()


@pytest.mark.parametrize("ahead", [-3600, 3600, 86400 * 400])
def test_clock_that_is_off_costs_a_renewal_and_no_more(replicas: Replicas, ahead: float) -> None:
    """Clocks of two nodes are never compared: both renew by their own."""
    right, wrong = replicas.pod("right"), replicas.pod("wrong-clock", ahead=ahead)
    for _ in range(24):
        for pod in (right, wrong):
            assert pod.turn() is None
        replicas.clock.sleep(300)
        for pod in (right, wrong):
            pod.turn()
            assert expires_on(pod) > pod.clock.now(), "a live one by its own clock"
    assert len(right.authority.prompts) == 1
    assert not wrong.authority.prompts
    assert replicas.provider.reused == []
    renewals = len(right.authority.requests) + len(wrong.authority.requests)
    assert renewals <= 2 + 2 * 3600 / 1800 + 1, "two hours of tokens of one hour"


def test_open_prompt_is_the_only_one(replicas: Replicas) -> None:
    """The Lease is held for the hour that it may stay open; the other publishes and waits."""
    first, second = replicas.pod("first"), replicas.pod("second")
    seen: list[object] = []

    def beside(_seconds: float) -> None:
        if first.authority.prompts and len(seen) < 40:
            seen.append(None)
            before = len(second.events("lease.held"))
            assert second.turn() is None
            assert len(second.events("lease.held")) == before + 1
            assert replicas.holder() is not None

    first.authority.away = lambda now: now < 1_700_000_000 + 800
    first.clock.during_sleep = beside
    first.turn()
    first.clock.during_sleep = lambda _seconds: None
    assert len(seen) == 40
    assert not second.authority.requests
    pauses = [event["retry_in_seconds"] for event in second.events("lease.held")]
    assert pauses[0] <= 10
    assert max(pauses) <= 60
    second.turn()
    assert second.published() == first.published()


def test_signin_beside_anothers_prompt_is_told_to_wait(replicas: Replicas) -> None:
    """It neither prompts nor gives up: LeaseHeld is what `patiently` waits for."""
    first, second = replicas.pod("first"), replicas.pod("second")
    ended: list[object] = []
    first.clock.during_sleep = lambda _seconds: ended.append(second.signin()) if not ended else None
    first.authority.away = lambda now: now < 1_700_000_000 + 60
    first.turn()
    assert isinstance(ended[0], LeaseHeld)
    assert second.signin() is None
    assert not second.authority.prompts


def test_holder_that_died_is_replaced_after_the_duration(replicas: Replicas) -> None:
    """Not sooner, by the clock of whoever waits, and without its help."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    replicas.clock.sleep(3000)
    replicas.stolen_by("third")
    begun = replicas.clock.boot
    assert second.turn() is None
    while not second.authority.requests:
        replicas.clock.sleep(max(second.number("due") - second.clock.now(), 0))
        assert second.turn() is None
    assert 60 <= replicas.clock.boot - begun <= 75


def test_own_lease_after_a_crash_is_taken_at_once(replicas: Replicas) -> None:
    """The lock of the state directory tells that no other turn of this pod is at work."""
    first = replicas.pod("first")
    first.turn()
    replicas.crash(first)
    assert replicas.holder() is not None
    assert first.turn(at_once=True) is None
    assert not first.events("lease.held")
    assert [kind for kind, _ in first.authority.requests] == ["devicecode", "renew", "renew"]
    assert replicas.holder() is None


def test_holder_that_slept_too_long_uses_no_refresh_token(replicas: Replicas) -> None:
    """Another has taken the Lease meanwhile, so that its refresh token may be spent."""
    first, second = replicas.pod("first", wanted=2), replicas.pod("second", wanted=2)
    first.turn(), second.turn()
    replicas.clock.sleep(3000)
    asked = first.authority.renew

    def asleep(account, scopes):  # type: ignore[no-untyped-def]
        grant = asked(account, scopes)
        if len(first.authority.requests) < 5:
            replicas.clock.sleep(61)
            second.turn()
            replicas.clock.sleep(61)
            second.turn()
        return grant

    first.authority.renew = asleep  # type: ignore[method-assign]
    first.turn()
    replicas.clock.sleep(2)
    first.authority.renew = asked  # type: ignore[method-assign]
    assert first.turn() is None
    assert first.events("lease.held")
    assert replicas.refresh_token(first) == replicas.refresh_token(second)


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


def test_renewal_between_a_look_and_the_lease_is_seen(replicas: Replicas) -> None:
    """The refresh token that was read is spent by then; what took its place is there within seconds."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn()
    second.turn()
    replicas.clock.sleep(3000)
    overtaken: list[str] = []

    def meanwhile(call: str) -> None:
        if call.startswith("lease ") and not overtaken:
            overtaken.append(call)
            first.turn()

    replicas.cluster.fail = meanwhile
    assert second.turn() is None
    assert overtaken
    assert second.number("due") - second.clock.now() <= 2
    replicas.clock.sleep(1)
    assert second.turn() is None
    assert second.published() == first.published()
    assert not second.authority.requests
    assert replicas.provider.reused == []

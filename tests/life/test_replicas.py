"""One sign-in for several replicas."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors import LeaseHeld
from tests.life.replicas import Replicas, expires_on


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


def test_holder_that_slept_when_it_had_the_lease_uses_no_refresh_token(replicas: Replicas) -> None:
    """Frozen right after it was given: what it was given is over, and somebody else's by now."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn()
    second.turn()
    replicas.clock.sleep(3000)
    frozen: list[str] = []

    def asleep(call: str) -> None:
        if call.startswith("replace_lease ") and not frozen:
            frozen.append(call)
            for _ in range(5):
                replicas.clock.sleep(20)
                second.turn()

    replicas.cluster.stored = asleep
    assert first.turn() is None
    assert frozen
    assert second.authority.requests
    assert replicas.provider.reused == []
    replicas.clock.sleep(5)
    first.turn()
    assert first.published() == second.published()
    assert replicas.provider.reused == []


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

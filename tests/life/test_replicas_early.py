"""Replicas know as much of their sign-in's end as one pod alone would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.journal import Journal, from_text
from tests.life.bench import Bench
from tests.life.replicas import NodeClock, Replicas, expires_on

HOUR = 3600
DAY = 24 * HOUR
LEAD = DAY // 10
LOOK = 330


@pytest.fixture
def replicas(tmp_path: Path) -> Replicas:
    """None yet."""
    return Replicas(tmp_path)


def pod(replicas: Replicas, name: str, *, ahead: float = 0.0) -> Bench:
    """A new one; sign-ins end after a day, and the authority says so."""
    bench = replicas.pod(name, ahead=ahead)
    bench.authority.frequency_seconds, bench.authority.tells_end = DAY, True
    assert bench.turn() is None
    return bench


def run(replicas: Replicas, pods: list[Bench], seconds: float) -> None:
    """As their loops do."""
    end = replicas.clock.boot + seconds
    while True:
        due, first = min(
            ((each.number("due") - each.clock.now(), each) for each in pods), key=lambda found: found[0]
        )
        if replicas.clock.boot + due > end:
            break
        replicas.clock.sleep(max(due, 0))
        assert first.turn() is None
        assert all(expires_on(each) > each.clock.now() for each in pods)
    replicas.clock.sleep(max(end - replicas.clock.boot, 0))


def journal(bench: Bench) -> Journal:
    """What the last turn left."""
    return from_text((bench.state_path / "journal.json").read_bytes())


def prompted_on(bench: Bench) -> list[float]:
    """When people were shown a code, by its clock."""
    return [at for kind, at in bench.authority.requests if kind == "devicecode"]


@pytest.mark.parametrize("new", [False, True])
def test_whoever_takes_over_asks_when_the_other_would_have(replicas: Replicas, new: bool) -> None:
    """Also a pod that has only looked so far, and one that has just come; nobody was refused."""
    first, second = pod(replicas, "first"), pod(replicas, "second")
    run(replicas, [first, second], DAY - LEAD - HOUR)
    planned = journal(first).prompt_on
    heir = pod(replicas, "third") if new else second
    assert journal(heir).prompt_on == planned
    assert abs(replicas.provider.signed_in_on + DAY - LEAD - (planned or 0)) < 10
    run(replicas, [heir], HOUR + 60)
    assert [abs(at - (planned or 0)) < 5 for at in prompted_on(heir)] == [True]
    assert [len(each.events("refresh.signin_required")) for each in (first, heir)] == [1, 0]
    assert [len(each.events("signin.expected")) for each in (first, second, heir)] == [1, 1, 1]


def test_nobody_is_asked_twice(replicas: Replicas) -> None:
    """One prompt for each end, whoever shows it, and the other knows of the new end."""
    pods = [pod(replicas, "first"), pod(replicas, "second")]
    run(replicas, pods, DAY)
    assert sum(len(prompted_on(each)) for each in pods) == 2
    assert sum(len(each.events("refresh.signin_required")) for each in pods) == 1
    assert journal(pods[0]).prompt_on == journal(pods[1]).prompt_on
    assert replicas.provider.reused == []


def test_renewal_by_another_leaves_people_the_peace_after_an_early_prompt(replicas: Replicas) -> None:
    """It is the same sign-in: the pause after a prompt that nobody answered is not forgotten."""
    first, second = pod(replicas, "first"), pod(replicas, "second")
    run(replicas, [first, second], DAY - LEAD - 60)
    first.authority.away = lambda _now: True
    second.rules = replace(second.rules, may_prompt=False)
    run(replicas, [first], 120)
    before = journal(first).early
    assert before.failures == 1
    assert second.turn(at_once=True) is None
    adopted = len(first.events("state.adopted"))
    assert first.turn() is None
    assert len(first.events("state.adopted")) == adopted + 1
    assert journal(first).early == before


@pytest.mark.parametrize("ahead", [-HOUR, HOUR])
def test_clock_that_is_off_does_not_move_the_plan_for_ever(replicas: Replicas, ahead: float) -> None:
    """However often either has renewed: what is guessed of the other's clock does not add up, and the one
    whose clock is right goes by it.
    """
    right, wrong = pod(replicas, "right"), pod(replicas, "wrong", ahead=ahead)
    run(replicas, [right, wrong], 2 * HOUR)
    for turn in range(8):
        run(replicas, [right, wrong], HOUR / 2)
        assert (right, wrong)[turn % 2].turn(at_once=True) is None
    run(replicas, [right, wrong], HOUR)
    for each in (right, wrong):
        known = journal(each).session
        began_on = replicas.provider.signed_in_on + each.clock.now() - replicas.clock.wall
        assert known.signed_in_on is not None
        off = 10 if each is right else HOUR + LOOK  # a new pod cannot tell whose clock is wrong
        assert abs(known.signed_in_on - began_on) <= off
        assert known.told is not None
        assert abs(known.told.ends_on - began_on - DAY) <= 2 * LOOK
    assert len(prompted_on(right)) + len(prompted_on(wrong)) == 1


def test_renewal_that_somebody_asked_for_waits_for_the_lease(replicas: Replicas) -> None:
    """HUP that meets another's turn is done after it, once."""
    first = pod(replicas, "first")
    replicas.clock.sleep(600)
    replicas.stolen_by("second")
    requests = len(first.authority.requests)
    assert first.turn(at_once=True) is None
    assert first.events("lease.held")
    assert len(first.authority.requests) == requests
    run(replicas, [first], 300)
    assert len(first.authority.requests) == requests + 1


def test_leap_that_is_seen_with_anothers_renewal_counts_once(replicas: Replicas) -> None:
    """What was moved to the new time already is not moved again."""
    first, second = pod(replicas, "first"), pod(replicas, "second")
    run(replicas, [first, second], 2 * HOUR)
    assert first.turn(at_once=True) is None
    assert isinstance(second.clock, NodeClock)
    second.clock.ahead += HOUR
    assert second.turn() is None
    began_on = journal(second).session.signed_in_on
    assert began_on is not None
    assert abs(began_on - HOUR - replicas.provider.signed_in_on) <= LOOK

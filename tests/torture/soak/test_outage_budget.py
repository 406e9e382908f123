"""How long the authority may be away: up to the budget nobody notices, beyond it readiness notices first."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sidecar.core.plan import Policy
from tests.torture import figures
from tests.torture.scale import scaled
from tests.torture.soak.budget import (
    PAUSE_SECONDS,
    REQUEST_SECONDS,
    RETRY_SECONDS,
    ROUNDING_SECONDS,
    budget_seconds,
    longest_outage_seconds,
)
from tests.torture.soak.faults import OUTAGES, Fault, Outages
from tests.torture.soak.one_outage import Story, live_through, outage_at, worst_moment
from tests.torture.soak.ours import Pod
from tests.torture.soak.provider import Lives, Provider
from tests.torture.soak.virtual_time import WatchedClock

SUITE = "soak"
DEFAULT = Policy(0.66, 0.0, 60)
LATE, EARLY = Policy(0.66, 1.0, 60), Policy(0.66, -1.0, 60)
# Life, settings, and the budget in seconds that follows from what the README says of renewals.
POLICIES = [
    pytest.param(3600, DEFAULT, 1224, id="an hour, the defaults"),
    pytest.param(3600, LATE, 864, id="an hour, the latest pod of a fleet"),
    pytest.param(3600, EARLY, 1584, id="an hour, the earliest pod of a fleet"),
    pytest.param(3600, Policy(0.8, 1.0, 60), 720, id="an hour, as late as can be set"),
    pytest.param(3600, Policy(0.66, 0.0, 600), 1224, id="an hour, readiness asks for ten minutes"),
    pytest.param(5400, DEFAULT, 1836, id="90 minutes, the defaults"),
    pytest.param(600, DEFAULT, 204, id="ten minutes, the defaults"),
]
KINDS = OUTAGES if scaled(0, 1) else (Fault.RESET, Fault.SILENCE)


def needed_seconds(life: int, policy: Policy) -> int:
    """What readiness asks for of a token of that life."""
    return min(policy.min_validity_seconds, life // 2)


def heals_within(fault: Fault) -> float:
    """The retry pause, and the request that was under way when the outage ended."""
    return PAUSE_SECONDS + ROUNDING_SECONDS + (REQUEST_SECONDS if fault is Fault.SILENCE else 0)


def check_healed(story: Story, end: float, fault: Fault) -> None:
    """The next token is there within a retry pause, and nobody was asked for it."""
    assert story.granted_after is not None
    assert story.granted_after - end <= heals_within(fault)
    assert (story.prompts, story.green_at_the_end) == (0, True)
    figures.highest(
        SUITE, "seconds from an outage's end to the next token, at most", story.granted_after - end
    )
    figures.count(SUITE, "prompts caused", story.prompts)


@pytest.mark.parametrize("fault", KINDS, ids=lambda fault: fault.value)
@pytest.mark.parametrize(("life", "policy", "budget"), POLICIES)
def test_outage_within_the_budget_is_not_noticed(
    life: int, policy: Policy, budget: int, fault: Fault
) -> None:
    """It begins at the worst moment, with a renewal, and lasts for the budget less one retry: every second
    a reader finds a valid token; and shorter by what readiness asks for, readiness stays green too.
    """
    assert budget_seconds(life, policy) == budget
    begin, longest = worst_moment(policy, life), budget - RETRY_SECONDS
    story = live_through(policy, life, outage := outage_at(begin, longest, fault))
    assert story.bad == 0
    check_healed(story, outage.end, fault)
    figures.count(SUITE, "outages at the worst moment, within the budget", 1)
    figures.count(SUITE, "expired reads in them", story.bad)
    setting = f"refresh at {policy.refresh_at}, jitter {policy.spread:+.0f}, life {life} s"
    figures.say(SUITE, f"outage budget: {setting}", f"{budget} s")

    unseen = longest - needed_seconds(life, policy)
    if unseen > 0:
        story = live_through(policy, life, outage_at(begin, unseen, fault))
        assert (story.bad, story.red_on) == (0, None)


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.SILENCE], ids=lambda fault: fault.value)
@pytest.mark.parametrize("beyond", [RETRY_SECONDS, 3600], ids=["one retry", "an hour"])
@pytest.mark.parametrize(("life", "policy", "budget"), POLICIES)
def test_readiness_is_red_before_a_reader_sees_an_expired_token(
    life: int, policy: Policy, budget: int, beyond: int, fault: Fault
) -> None:
    """Beyond the budget the token expires; readiness has been red for SIDECAR_MIN_VALIDITY by then, and it
    heals by itself.
    """
    begin = worst_moment(policy, life)
    story = live_through(policy, life, outage := outage_at(begin, budget + beyond, fault))
    assert story.first_bad_on is not None
    assert story.red_on is not None
    assert story.first_bad_on - story.red_on >= needed_seconds(life, policy)
    check_healed(story, outage.end, fault)
    figures.count(SUITE, "outages beyond the budget", 1)


@settings(max_examples=scaled(15, 500), deadline=None)
@given(
    life=st.integers(600, 5400),
    policy=st.builds(
        Policy,
        refresh_at=st.floats(0.3, 0.8),
        spread=st.floats(-1, 1),
        min_validity_seconds=st.integers(10, 900),
    ),
    when=st.floats(0, 2),
    how_long=st.floats(0.05, 1),
    fault=st.sampled_from(OUTAGES),
)
def test_outage_within_the_budget_may_begin_at_any_time(
    life: int, policy: Policy, when: float, how_long: float, fault: Fault
) -> None:
    """Whatever the life, the settings, the moment and the kind of outage: no read fails, nobody is asked."""
    longest = longest_outage_seconds(life, policy)
    assume(longest > 0)
    begin = 200 + when * life
    story = live_through(policy, life, outage_at(begin, longest * how_long, fault))
    assert (story.bad, story.prompts) == (0, 0)
    figures.count(SUITE, "outages at any moment, within the budget", 1)


def test_readiness_here_is_what_the_probe_says(tmp_path: Path) -> None:
    """The judgement that these tests go by is that of `entrypoint.sh probe readiness` at the same second."""
    clock = WatchedClock(every=1)
    provider = Provider(clock, Outages(()), Lives(0, 3600, 3600))
    pod = Pod(tmp_path, clock, provider, DEFAULT)
    pod.sign_in()
    clock.sleep(pod.number("ready_until") - 3 - clock.wall)
    told = []
    for _ in range(6):
        told.append((pod.ready(), _probe(tmp_path, int(clock.wall)) == 0))
        clock.sleep(1)
    assert told == [(True, True)] * 3 + [(False, False)] * 3


def _probe(path: Path, now: int) -> int:
    programs = path / "bin"
    programs.mkdir(exist_ok=True)
    date = programs / "date"
    date.write_text(f"#!/bin/sh\necho {now}\n")
    date.chmod(0o755)
    entrypoint = Path(__file__).parents[3] / "entrypoint.sh"
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "SIDECAR_TOKEN_DIR": str(path / "tokens"),
        "SIDECAR_STATE_DIR": str(path),
    }
    return subprocess.run(
        ["/bin/sh", str(entrypoint), "probe", "readiness"], env=environment, check=False, capture_output=True
    ).returncode

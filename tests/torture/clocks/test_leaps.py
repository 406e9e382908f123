"""Whatever the clocks do, no token is trusted past its end, and none is waited for too long."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.torture.clocks.machine import LIFE_SECONDS, TICK_SECONDS, Node
from tests.torture.figures import count, highest
from tests.torture.scale import scaled

DAY = 86400
LEAPS = [1, 2, 10, 29, 31, 60, 600, LIFE_SECONDS, DAY, 365 * DAY, 3650 * DAY]
TURNS_PER_MINUTE = 12
NOTICED = 30
"""Leaps of less may be a clock that is being corrected; they cost no renewal."""


@pytest.mark.parametrize("outage", [False, True], ids=["authority up", "authority down"])
@pytest.mark.parametrize("sign", [1, -1], ids=["forward", "back"])
@pytest.mark.parametrize("seconds", LEAPS)
def test_leap_misleads_no_reader_for_more_than_a_minute(
    tmp_path: Path, seconds: int, sign: int, outage: bool
) -> None:
    """The published expiry follows; with an authority a new token is there, without one the old serves.

    A leap forward that does not lead past what is due makes nothing seem to live longer: it is left to the
    next turn.
    """
    node = Node(tmp_path)
    node.run_for(1000)
    renewals = len(node.authority.renewed_on)
    node.authority.down = outage
    node.machine.step(sign * seconds)
    leapt_on = node.machine.real
    node.run_for(TICK_SECONDS + 1)
    if seconds > NOTICED and (sign < 0 or seconds > LIFE_SECONDS / 2):
        assert node.authority.renewed_on[renewals] - leapt_on <= TICK_SECONDS
        assert len(node.bench.events("clock.leapt")) == 1
    for _ in range(scaled(90, 90)):
        node.run_for(60)
        if outage:
            assert node.trusts_nothing_past_its_end()
        else:
            assert node.trusts_nothing_past_its_end()
            assert node.true_seconds() > 0
    node.authority.down = False
    node.run_for(TICK_SECONDS + 5)
    assert node.true_seconds() > LIFE_SECONDS / 5
    assert node.believed_seconds() > LIFE_SECONDS / 5
    assert len(node.authority.prompts) == 1
    assert node.turns_in_the_worst_minute() <= TURNS_PER_MINUTE
    count("clocks", "leaps of the wall clock, 1 s to 10 years")
    highest("clocks", "turns in the worst minute", node.turns_in_the_worst_minute())


@pytest.mark.parametrize("seconds", [100, 1000, 3000, LIFE_SECONDS, DAY])
@pytest.mark.parametrize("how", ["suspend", "pause"])
def test_machine_that_stood_still_renews_within_a_minute(tmp_path: Path, how: str, seconds: int) -> None:
    """A closed lid, a paused virtual machine: what is due by then is renewed as soon as it runs again."""
    node = Node(tmp_path)
    node.run_for(1000)
    getattr(node.machine, how)(seconds)
    node.run_for(TICK_SECONDS + 1)
    assert node.true_seconds() > LIFE_SECONDS / 5
    assert node.trusts_nothing_past_its_end()
    assert len(node.authority.prompts) == 1
    count("clocks", "suspends and pauses")


@pytest.mark.parametrize("seconds", [-DAY, -3650 * DAY])
def test_token_of_the_future_is_not_trusted_after_a_reboot(tmp_path: Path, seconds: int) -> None:
    """A machine without a battery starts in the past: nobody knows how old the cached token is."""
    node = Node(tmp_path)
    node.run_for(1000)
    node.authority.down = True
    node.machine.reboot(2 * LIFE_SECONDS)
    node.machine.step(seconds)
    node.restart()
    node.run_for(TICK_SECONDS)
    assert node.believed_seconds() <= 0
    node.authority.down = False
    node.run_for(TICK_SECONDS + 5)
    assert node.true_seconds() > LIFE_SECONDS / 2
    assert len(node.authority.prompts) == 1


def test_one_leap_forward_and_one_back_do_not_cancel_out(tmp_path: Path) -> None:
    """A paused machine whose clock is then set back: together they look like a short pause."""
    node = Node(tmp_path)
    node.run_for(600)
    node.authority.down = True
    node.machine.pause(2000)
    node.run_for(TICK_SECONDS + 1)
    node.machine.step(-1500)
    node.run_for(TICK_SECONDS + 1)
    assert node.trusts_nothing_past_its_end()


disturbances = st.lists(
    st.one_of(
        st.tuples(st.just("step"), st.integers(-20 * DAY, 20 * DAY)),
        st.tuples(st.just("step"), st.integers(-100, 100)),
        st.tuples(st.sampled_from(["suspend", "pause", "reboot"]), st.integers(1, 2 * LIFE_SECONDS)),
        st.tuples(st.just("wait"), st.integers(0, LIFE_SECONDS)),
        st.tuples(st.just("down"), st.booleans()),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=scaled(60, 3000), deadline=None)
@given(events=disturbances)
def test_no_sequence_of_disturbances_misleads_a_reader(events: list[tuple[str, int]]) -> None:
    """Any order of leaps, suspends, pauses, reboots and outages; once a turn has seen it, all is true."""
    with TemporaryDirectory() as folder:
        node = Node(Path(folder))
        node.run_for(120)
        for what, value in events:
            if what == "down":
                node.authority.down = bool(value)
            elif what == "wait":
                node.run_for(value)
            else:
                getattr(node.machine, what)(value)
                if what == "reboot":
                    node.restart()
            node.run_until_a_turn_has_looked()
            assert node.trusts_nothing_past_its_end(), (what, value)
            count("clocks", "random disturbances")
        node.authority.down = False
        node.run_for(2 * TICK_SECONDS)
        assert node.true_seconds() > 0
        assert node.believed_seconds() > 0
        assert len(node.authority.prompts) == 1
        assert node.turns_in_the_worst_minute() <= TURNS_PER_MINUTE
        highest("clocks", "turns in the worst minute", node.turns_in_the_worst_minute())
        count("clocks", "prompts caused", len(node.authority.prompts) - 1)

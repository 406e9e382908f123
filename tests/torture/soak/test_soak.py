"""A token whenever somebody looks: years of virtual life in bad weather."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.core.plan import Policy
from sidecar.core.schedule import spread_of
from tests.torture import figures
from tests.torture.scale import scaled
from tests.torture.soak import contenders, faults
from tests.torture.soak.budget import longest_outage_seconds
from tests.torture.soak.contenders import HEAD, Course
from tests.torture.soak.faults import Outages, Weather
from tests.torture.soak.ours import Pod
from tests.torture.soak.provider import Lives, Provider
from tests.torture.soak.reader import Reader, token_file
from tests.torture.soak.virtual_time import DAY, WatchedClock

SEED = int(os.environ.get("SIDECAR_TEST_SEED", "20260"))
SUITE = "soak"
MIN_VALIDITY = 60
SHORTEST_LIFE = 3600


@pytest.mark.parametrize("number", range(3))
def test_every_read_finds_a_valid_token_in_a_storm(tmp_path: Path, number: int) -> None:
    """A third of the calls fail, an outage every four hours is as long as the budget allows: no read ever
    finds an expired token or none, nobody is asked anything, and no minute sees more than ten requests.
    """
    seed, days = SEED + number, scaled(4, 120)
    print(f"seed {seed}")
    policy = Policy(0.66, spread_of(f"pod-{seed}"), MIN_VALIDITY)
    weather = faults.storm(seed, longest_seconds=longest_outage_seconds(SHORTEST_LIFE, policy))
    clock = WatchedClock(every=5)
    provider = Provider(clock, weather, Lives(seed, shortest=SHORTEST_LIFE))
    pod = Pod(tmp_path, clock, provider, policy)
    reader = Reader(clock, provider, token_file(pod.token_path / "token"))
    too_green = 0

    def look() -> None:
        nonlocal too_green
        reader.look()
        too_green += reader.life_seconds < MIN_VALIDITY and pod.ready()

    clock.look = look
    pod.sign_in()
    pod.live(days * DAY)

    outages = int(days * DAY // weather.slot_seconds)
    _count(pod, reader, days=days, outages=outages)
    assert (reader.expired, reader.missing, reader.torn) == (0, 0, 0)
    assert (provider.person.calls, provider.codes, pod.crashes, too_green) == (1, 0, 0, 0)
    assert provider.worst_minute <= 10
    # The storm was one, and renewals took place in it.
    assert provider.renewals > days * DAY / Lives(seed).longest
    assert sum(provider.injected.values()) > provider.calls / 3
    assert len(provider.injected) == len(faults.Fault)


def _count(pod: Pod, reader: Reader, *, days: int, outages: int) -> None:
    provider = reader.provider
    figures.count(SUITE, "virtual days of ours in the storm", days)
    figures.count(SUITE, "renewals", provider.renewals)
    figures.count(SUITE, "turns, each from files alone", pod.turns)
    figures.count(SUITE, "outages up to the budget", outages)
    figures.count(SUITE, "calls to the provider", provider.calls)
    figures.count(SUITE, "calls that failed", sum(provider.injected.values()))
    for fault, times in sorted(provider.injected.items(), key=lambda item: item[0].value):
        figures.count(SUITE, f"  {fault.value}", times)
    figures.count(SUITE, "reads from the outside", reader.reads)
    figures.count(SUITE, "reads that found an expired token", reader.expired)
    figures.count(SUITE, "reads that found none, or half of one", reader.missing + reader.torn)
    figures.count(SUITE, "prompts caused", provider.codes)
    figures.count(SUITE, "turns that crashed", pod.crashes)
    figures.highest(SUITE, "most requests in a minute", provider.worst_minute)
    figures.say(SUITE, "seed of the first of three pods", str(SEED))


WEATHERS = [
    pytest.param(faults.storm, scaled(10, 180), id="a third of all calls fail, an outage every 4 h"),
    pytest.param(faults.unsettled, scaled(14, 360), id="1 call of 100 fails, an outage every week"),
]


@pytest.mark.parametrize(("weather_of", "days"), WEATHERS)
def test_the_same_weather_beside_what_others_do(
    tmp_path: Path, weather_of: Callable[..., Weather], days: int, request: pytest.FixtureRequest
) -> None:
    """The loop around MSAL that people write, and azure-identity, live through the same; one table."""
    policy = Policy(0.66, 0.0, MIN_VALIDITY)
    weather = weather_of(SEED, longest_seconds=longest_outage_seconds(SHORTEST_LIFE, policy))
    rows = contenders.all_rows(tmp_path, Course(weather, days, every=30), policy)
    what = f"{days} days: {request.node.callspec.id}"
    print(f"seed {SEED}, {what}\n{contenders.table(rows)}")
    figures.say(SUITE, what, HEAD)
    for row in rows:
        figures.say(SUITE, f"  {row.name} ({days} days)", row.words)
    ours, *others = rows
    assert (ours.reader.bad, ours.prompts, ours.crashes) == (0, 0, 0)
    assert ours.provider.worst_minute <= 10
    assert all(row.reader.reads > days * DAY / 30 - 10 for row in others)


def test_without_faults_everybody_is_always_there(tmp_path: Path) -> None:
    """The comparison is fair: where nothing fails, each contender's reads find a valid token and nobody
    is asked a second time.
    """
    policy = Policy(0.66, 0.0, MIN_VALIDITY)
    rows = contenders.all_rows(tmp_path, Course(Outages(()), scaled(4, 40), every=30), policy)
    assert [(row.reader.bad, row.prompts, row.crashes) for row in rows] == [(0, 0, 0)] * len(rows)

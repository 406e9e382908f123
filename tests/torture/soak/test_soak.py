"""A token whenever somebody looks: years of virtual life in bad weather."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
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


def soak(path: Path, seed: int, days: int, longest_seconds: int) -> Soaked:
    """A pod lives for `days` in the storm of that seed; a reader looks every five seconds."""
    print(f"seed {seed}")
    weather = faults.storm(seed, longest_seconds=longest_seconds)
    clock = WatchedClock(every=5)
    provider = Provider(clock, weather, Lives(seed, shortest=SHORTEST_LIFE))
    pod = Pod(path, clock, provider, _policy(seed))
    soaked = Soaked(pod, Reader(clock, provider, token_file(pod.token_path / "token")))
    clock.look = soaked.look
    pod.sign_in()
    pod.live(days * DAY)
    return soaked


@dataclass
class Soaked:
    """`too_green`: looks at which readiness promised more life than the token had."""

    pod: Pod
    reader: Reader
    too_green: int = 0

    def look(self) -> None:
        """What the app reads, and what the probe says at that moment."""
        self.reader.look()
        self.too_green += self.reader.life_seconds < MIN_VALIDITY and self.pod.ready()


def _policy(seed: int) -> Policy:
    """Every pod has its own place in the fleet."""
    return Policy(0.66, spread_of(f"pod-{seed}"), MIN_VALIDITY)


@pytest.mark.parametrize("number", range(3))
def test_every_read_finds_a_valid_token_in_a_storm(tmp_path: Path, number: int) -> None:
    """A third of the calls fail, an outage every four hours is as long as the budget allows: no read ever
    finds an expired token or none, nobody is asked anything, no minute sees more than ten requests, and each
    Retry-After is waited for.
    """
    seed, days = SEED + number, scaled(4, 100)
    soaked = soak(tmp_path, seed, days, longest_outage_seconds(SHORTEST_LIFE, _policy(seed)))
    reader, provider = soaked.reader, soaked.reader.provider
    _count(soaked.pod, reader, days=days)
    assert (reader.expired, reader.missing, reader.torn) == (0, 0, 0)
    assert (provider.person.calls, provider.codes, soaked.pod.crashes, soaked.too_green) == (1, 0, 0, 0)
    assert provider.worst_minute <= 10
    assert provider.impatient == 0
    # The storm was one, and renewals took place in it.
    assert provider.renewals > days * DAY / Lives(seed).longest
    assert sum(provider.injected.values()) > provider.calls / 3
    assert len(provider.injected) == len(faults.Fault)


def test_readiness_is_first_to_see_outages_beyond_the_budget(tmp_path: Path) -> None:
    """Where outages last for up to an hour tokens do expire: readiness is red whenever a token has less than
    SIDECAR_MIN_VALIDITY to live, and still nobody is asked anything.
    """
    soaked = soak(tmp_path, SEED, scaled(2, 40), 3600)
    reader, provider = soaked.reader, soaked.reader.provider
    figures.count(SUITE, "expired reads in outages of up to an hour", reader.expired)
    figures.count(SUITE, "of these, and a minute before, with readiness green", soaked.too_green)
    figures.count(SUITE, "prompts caused", provider.codes)
    assert reader.expired > 0
    assert (reader.missing, reader.torn, soaked.too_green) == (0, 0, 0)
    assert (provider.person.calls, provider.codes, soaked.pod.crashes) == (1, 0, 0)
    assert provider.worst_minute <= 10


def _count(pod: Pod, reader: Reader, *, days: int) -> None:
    provider = reader.provider
    figures.count(SUITE, "virtual days of ours in the storm", days)
    figures.count(SUITE, "renewals", provider.renewals)
    figures.count(SUITE, "turns, each from files alone", pod.turns)
    figures.count(SUITE, "outages up to the budget", days * 6)
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
    figures.count(SUITE, "requests before a Retry-After was over", provider.impatient)
    figures.say(SUITE, "seed of the first of three pods", str(SEED))


WEATHERS = [
    pytest.param(faults.storm, scaled(5, 120), id="a third of all calls fail, an outage every 4 h"),
    pytest.param(faults.unsettled, scaled(8, 180), id="1 call of 100 fails, an outage every week"),
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
    rows = contenders.all_rows(tmp_path, Course(Outages(()), scaled(2, 20), every=30), policy)
    assert [(row.reader.bad, row.prompts, row.crashes) for row in rows] == [(0, 0, 0)] * len(rows)

"""Small fleets whose figures can be worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest

from sidecar.core import plan, schedule
from sidecar.core.plan import Situation
from sidecar.core.token import AccessToken
from tests.fleet import pods
from tests.fleet.authority import HOURLY, LONG, USUAL, WANTED, Authority, Lives, Outage, Refusal
from tests.fleet.costs import RENEWALS_A_DAY
from tests.fleet.pods import Begin, Habit, Outcome, PlainLoop, Sidecar, policy_of, turn, wake_on
from tests.fleet.traffic import DAY, HOUR, MINUTE, START, Traffic

IN_STEP = Sidecar(jitter=False, jittered_retries=False)
ONCE = Begin(1)
HOUR_AWAY = Outage(0, HOUR)


@dataclass(frozen=True)
class Counting(Authority):
    """Keeps a tally of its answers."""

    tally: dict[str, int] = field(default_factory=lambda: {"granted": 0, "refused": 0}, hash=False)

    def answer(self, at: float, chance: Random) -> AccessToken | Refusal:
        """As ever."""
        given = super().answer(at, chance)
        self.tally["refused" if isinstance(given, Refusal) else "granted"] += 1
        return given


def lived(
    number: int,
    habit: Habit,
    authority: Authority,
    *,
    begin: Begin = ONCE,
    seconds: int = DAY,
    seed: str = "t",
) -> Outcome:
    """That many pods, for a day."""
    return pods.run(pods.fleet(number, begin, authority, seed=seed), habit, authority, seconds=seconds)


def test_fleet_without_jitter_renews_when_two_thirds_of_life_are_over() -> None:
    """At 0, 2376, 4752 … 85536 s: 37 requests a day each, and all of them in the same two seconds."""
    outcome = lived(10, IN_STEP, Authority(HOURLY))
    assert outcome.traffic.total() == 370
    assert outcome.traffic.total(2376, 2379) == 10
    assert outcome.traffic.total(3, 2376) == 0


def test_token_of_a_day_is_renewed_when_it_says() -> None:
    """`refresh_on` at half of life: twice a day, and once at the start."""
    assert lived(10, IN_STEP, Authority(LONG), seconds=3 * DAY - HOUR).traffic.total() == 60


@pytest.mark.parametrize("lives", [USUAL, HOURLY], ids=lambda lives: lives.name)
def test_jitter_costs_nobody_a_request(lives: Lives) -> None:
    """It moves renewals, as often to an earlier instant as to a later one."""
    with_jitter, without = (
        lived(300, habit, Authority(lives), seconds=2 * DAY).traffic.total() for habit in (Sidecar(), IN_STEP)
    )
    assert with_jitter == pytest.approx(without, rel=0.04)


def test_simulation_is_what_the_formula_says() -> None:
    """A day of renewals, by both."""
    counted = lived(300, Sidecar(), Authority(USUAL), begin=Begin(running=True)).traffic.total()
    assert counted / 300 == pytest.approx(RENEWALS_A_DAY, rel=0.03)


def test_pod_that_is_refused_for_an_hour_asks_ten_times_a_minute_at_most() -> None:
    """Two tries in a turn; pauses of 5, 10, 20, 40 and then 60 s: eight in the first minute, 120 in all."""
    outcome = lived(1, IN_STEP, Authority(HOURLY, HOUR_AWAY), seconds=HOUR)
    assert outcome.traffic.total(0, MINUTE) == 8
    assert outcome.traffic.total() == 120


@pytest.mark.parametrize("habit", [Sidecar(), IN_STEP], ids=["jitter", "none"])
def test_nobody_asks_more_than_ten_times_a_minute(habit: Sidecar) -> None:
    """Wherever a pod stands in its fleet."""
    authority = Authority(HOURLY, HOUR_AWAY)
    for place in range(40):
        outcome = lived(1, habit, authority, seconds=HOUR, seed=f"pod {place}")
        assert outcome.traffic.peak(window=MINUTE) * MINUTE <= 10


def test_plain_loop_asks_every_five_seconds() -> None:
    """720 times an hour and pod, as long as it is refused."""
    assert lived(7, PlainLoop(), Authority(HOURLY, HOUR_AWAY), seconds=HOUR).traffic.total() == 7 * 720


def test_retry_after_is_waited_for_by_everybody_and_they_come_back_one_by_one() -> None:
    """Told the instant at which all is over, each pod asks once more, after it, within a minute."""
    away = Outage(0, HOUR, says_when=True)
    traffic = lived(100, Sidecar(), Authority(HOURLY, away), seconds=2 * HOUR).traffic
    assert traffic.total(0, HOUR) == 100
    assert traffic.total(HOUR, HOUR + 62) == 100
    assert traffic.peak(HOUR, HOUR + 62) < 15
    in_step = lived(100, IN_STEP, Authority(HOURLY, away), seconds=2 * HOUR).traffic
    assert in_step.total(HOUR, HOUR + 3) == 100


def test_pods_that_failed_together_do_not_come_back_together() -> None:
    """The mend that this simulation led to: without it every minute is as bad as the first."""
    authority = Authority(USUAL, HOUR_AWAY)
    worst = {
        name: lived(200, habit, authority, seconds=2 * HOUR).traffic.peak(HOUR, HOUR + 2 * MINUTE)
        for name, habit in {"jitter": Sidecar(), "in step": IN_STEP}.items()
    }
    assert worst["in step"] > 80
    assert worst["jitter"] < 25


def test_token_expires_for_as_long_as_nobody_could_renew_it() -> None:
    """Due after 2376 s of 3600: with Entra away from then on for an hour it is over after 1224 s of that, and
    the rest is a gap, and the last pause.
    """
    away = Outage(2370, 2370 + HOUR)
    gaps = lived(5, IN_STEP, Authority(HOURLY, away), seconds=3 * HOUR).gaps
    assert gaps.tokens == 5
    assert 2370 <= gaps.longest_seconds <= 2370 + 62


def test_gap_that_is_still_open_at_the_end_counts() -> None:
    """Nobody is well just because the simulation is over."""
    away = Outage(2370, DAY)
    gaps = lived(3, Sidecar(), Authority(HOURLY, away), seconds=2 * HOUR).gaps
    assert gaps.tokens == 3
    assert gaps.longest_seconds == pytest.approx(HOUR, abs=2)


@pytest.mark.parametrize("habit", [Sidecar(), IN_STEP, PlainLoop()], ids=["sidecar", "in step", "plain"])
def test_every_request_has_one_answer(habit: Habit) -> None:
    """What arrives is what was granted and what was refused; each pod begins with one token."""
    authority = Counting(USUAL, Outage(HOUR, 2 * HOUR))
    seconds = 3 * HOUR
    outcome = pods.run(pods.fleet(20, ONCE, authority, seed="t"), habit, authority, seconds=seconds)
    beyond = 20  # a turn that begins in the last moment may end outside
    assert 0 <= sum(authority.tally.values()) - outcome.traffic.total() <= beyond
    assert authority.tally["refused"] == outcome.traffic.total(HOUR, 2 * HOUR)
    assert authority.tally["granted"] >= 20


def test_same_seed_brings_the_same_figures() -> None:
    """And another one others, or nothing would be left to chance."""
    first, again, other = (
        lived(20, Sidecar(), Authority(USUAL), seed=seed).traffic.steps(60, until=DAY) for seed in "aab"
    )
    assert first == again
    assert first != other


def test_pod_wakes_when_it_is_due_and_not_a_second_before() -> None:
    """The simulation skips the time between: the product's own decision says that there was nothing to do."""
    authority = Authority(USUAL, Outage(HOUR, 2 * HOUR))
    for place in range(10):
        (pod,) = pods.fleet(1, ONCE, authority, seed=str(place))
        policy, now = policy_of(schedule.spread_of(pod.name)), pod.starts_on
        for _ in range(60):
            now = turn(pod, authority, Traffic(1).count, now=now, retry_spread=policy.spread)
            wake = wake_on(pod, policy, now=now)
            due = [
                plan.due_for_refresh(
                    Situation(at, WANTED, {} if pod.token is None else {"": pod.token}, {"": pod.attempts}),
                    policy,
                )
                for at in (max(wake - 1, now), wake)
            ]
            assert due == [[], [""]]
            now = wake + pod.phase
        assert now > START + 2 * HOUR


def test_windows_are_counted_as_a_hand_would() -> None:
    """Three requests in the second second, one in the fourth."""
    traffic = Traffic(6)
    for second in (1, 1, 1, 3, 7, -1):
        traffic.count(START + second)
    assert traffic.total() == 4
    assert traffic.mean() == pytest.approx(4 / 6)
    assert traffic.peak() == 3
    assert traffic.peak(window=3) == pytest.approx(4 / 3)
    assert traffic.peak(2, 6, window=2) == pytest.approx(0.5)
    assert traffic.steps(2, until=6) == [3, 1, 0]
    assert traffic.uneven_until(0, factor=2, window=2) == 1
    assert traffic.uneven_until(0, factor=5, window=2) is None

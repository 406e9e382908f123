"""What is simulated, and the figures of it as JSON: everything that docs/fleet.md says comes from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from typing import Any

from tests.fleet import costs, pods, prompts, shared
from tests.fleet.authority import HOURLY, LONG, NEVER, USUAL, Authority, Lives, Outage
from tests.fleet.pods import Begin, Gaps, Habit, PlainLoop, Sidecar
from tests.fleet.prompts import FIRST, FREQUENCY, MOVED, NODE, World
from tests.fleet.traffic import DAY, HOUR, MINUTE, Traffic

Figures = dict[str, Any]
"""What JSON can say."""

SEED = "fleet"
PODS = 10_000
NAMESPACES = 100
PODS_PER_NODE = 30
EVEN_FACTOR, EVEN_WINDOW = 2, 300
"""Even: no five minutes with more than twice the mean."""

PROMPT_DAYS = 30
INTERVAL_SECONDS = 5
"""Between two polls of an open prompt, as Entra asks for it."""
CHART_SECONDS = 8 * HOUR
AFTER_SECONDS = 2 * MINUTE
"""After an outage, for its echo: the longest pause between two tries, twice."""

ONCE, ROLLOUT = Begin(1), Begin(10 * MINUTE)
RUNNING = Begin(running=True)
OURS = Sidecar()
WITHOUT_JITTER = Sidecar("without jitter", jitter=False, jittered_retries=False)
IN_STEP = Sidecar("retries in step", jittered_retries=False)
PLAIN = PlainLoop()

STARTS: tuple[tuple[str, Begin, Lives, int], ...] = (
    ("in one second", ONCE, USUAL, DAY),
    ("in one second", ONCE, HOURLY, DAY),
    ("in one second", ONCE, LONG, 14 * DAY),
    ("over 10 min", ROLLOUT, USUAL, DAY),
    ("over 10 min", ROLLOUT, HOURLY, DAY),
)
BEGIN = HOUR // 2
"""Of an outage."""
HOUR_AWAY = Outage(BEGIN, BEGIN + HOUR)
OUTAGES: tuple[tuple[str, Outage], ...] = (
    ("1 h, 503", HOUR_AWAY),
    ("1 h, Retry-After: 120", Outage(BEGIN, BEGIN + HOUR, retry_after=120)),
    ("1 h, Retry-After: date", Outage(BEGIN, BEGIN + HOUR, says_when=True)),
    ("5 min, 503", Outage(BEGIN, BEGIN + 5 * MINUTE)),
)


def starts(number: int) -> list[Figures]:
    """All pods begin at once, or in a rollout: how long their renewals keep coming together."""
    return [
        start_of(number, how, begin, lives, seconds, habit)
        for how, begin, lives, seconds in STARTS
        for habit in (OURS, WITHOUT_JITTER)
    ]


def start_of(number: int, how: str, begin: Begin, lives: Lives, seconds: int, habit: Habit) -> Figures:
    """One row. "Later" begins a minute after the last pod has started."""
    outcome = outcome_of(number, begin, lives, NEVER, habit, seconds)
    traffic, later = outcome.traffic, begin.over_seconds + MINUTE
    uneven = traffic.uneven_until(later, factor=EVEN_FACTOR, window=EVEN_WINDOW)
    even_after = 0 if uneven is None else uneven + EVEN_WINDOW
    return {
        "start": how,
        "lives": lives.name,
        "who": habit.name,
        "days": seconds // DAY,
        "requests": traffic.total(),
        "mean": round(traffic.mean(later), 2),
        "start_peak": round(traffic.peak(0, later)),
        "peak": round(traffic.peak(later)),
        "peak_10": round(traffic.peak(later, window=10), 1),
        "even_after_hours": None if even_after > 0.9 * seconds else round(even_after / HOUR, 1),
    }


def outages(number: int) -> list[Figures]:
    """A fleet that has run for long, and Entra away. A plain loop does not look at Retry-After."""
    return [
        {"outage": name, **outage_of(number, RUNNING, outage, habit)}
        for name, outage in OUTAGES
        for habit in ((OURS, PLAIN) if outage.asks_nothing else (OURS,))
    ]


def together(number: int) -> list[Figures]:
    """A node pool or a cluster comes back while Entra is away: all pods fail in the same second."""
    return [
        {"outage": name, **outage_of(number, Begin(1, on=outage.begin), outage, habit)}
        for name, outage in OUTAGES
        for habit in ((OURS, IN_STEP, PLAIN) if outage.asks_nothing else (OURS, IN_STEP))
    ]


def outage_of(number: int, begin: Begin, outage: Outage, habit: Habit) -> Figures:
    """One row. The peak leaves out the first minute, in which nobody can have spread anything."""
    outcome = outcome_of(number, begin, USUAL, outage, habit, outage.end + 2 * HOUR)
    traffic, gaps = outcome.traffic, outcome.gaps
    return {
        "who": habit.name,
        "requests": traffic.total(outage.begin, outage.end),
        "mean": round(traffic.mean(outage.begin, outage.end), 1),
        "peak": round(traffic.peak(outage.begin + MINUTE, outage.end)),
        "peak_after": round(traffic.peak(outage.end, outage.end + AFTER_SECONDS)),
        "peak_10_after": round(traffic.peak(outage.end, outage.end + AFTER_SECONDS, window=10)),
        "expired": gaps.tokens,
        "longest_seconds": gaps.longest_seconds,
    }


@cache
def outcome_of(
    number: int, begin: Begin, lives: Lives, outage: Outage, habit: Habit, seconds: int
) -> pods.Outcome:
    """Simulated once: tables and chart show the same."""
    authority = Authority(lives, outage)
    return pods.run(pods.fleet(number, begin, authority, seed=SEED), habit, authority, seconds=seconds)


def shared_outages(number: int) -> list[Figures]:
    """The same for workloads of two replicas that began at any time, with Entra or the API server away."""
    away = (("an hour", HOUR_AWAY), ("five minutes", Outage(BEGIN, BEGIN + 5 * MINUTE)))
    rows = [{"outage": f"Entra, {span}", **shared_outage_of(number, each, NEVER)} for span, each in away]
    return rows + [
        {"outage": f"API server, {span}", **shared_outage_of(number, NEVER, each)} for span, each in away
    ]


def shared_outage_of(number: int, entra: Outage, api: Outage) -> Figures:
    """One row. How many requests one token cost in a minute is that of the worst workload; the API server
    sees as many workloads as there are namespaces.
    """
    authority = Authority(USUAL, entra)
    gaps, minutes = Gaps(), []
    to_api = Traffic(BEGIN + 3 * HOUR)
    for place, workload in enumerate(shared.workloads(number, authority, seed=SEED)):
        outcome = shared.run([workload], authority, seconds=to_api.seconds, api=api)
        gaps.tokens += outcome.gaps.tokens
        gaps.longest_seconds = max(gaps.longest_seconds, outcome.gaps.longest_seconds)
        minutes.append(outcome.to_entra.peak(window=MINUTE) * MINUTE)
        if place < NAMESPACES:
            to_api.add(outcome.to_api)
    return {
        "workloads": number,
        "expired": gaps.tokens,
        "longest_seconds": gaps.longest_seconds,
        "most_a_minute": round(max(minutes)),
        "api_mean": round(to_api.mean(0, BEGIN), 1),
        "api_peak": round(to_api.peak(BEGIN)),
    }


def asked(number: int, *, only: int = 0) -> list[Figures]:
    """Prompts of each arrangement, or of those from `only` on."""
    found = []
    arrangements = (
        ("own sidecars", number, False),
        ("own, state on a PVC", number, True),
        (f"shared, {NAMESPACES} namespaces", NAMESPACES, True),
        ("shared by all", 1, True),
    )
    for name, signins, keeps in arrangements[only:]:
        row: Figures = {
            "arrangement": name,
            "first": signins,
            "polls": round(signins / INTERVAL_SECONDS, 1),
        }
        for policy, seconds in (("none", None), ("90 days", 90 * DAY), ("24 hours", DAY)):
            days = 12 * PROMPT_DAYS if policy == "90 days" else PROMPT_DAYS
            counted = prompts.asked(signins, World(seconds), days=days, keeps_state=keeps, seed=SEED)
            assert counted[FIRST] == signins
            again = {cause: counted[cause] for cause in (MOVED, NODE, FREQUENCY)}
            row[policy] = {"days": days, **again, "a_day": round(sum(again.values()) / days, 3)}
        found.append(row)
    return found


def cost(number: int) -> list[Figures]:
    """A day's requests, by formula."""
    nodes = -(-number // PODS_PER_NODE)
    each = -(-number // NAMESPACES // PODS_PER_NODE) or 1
    return [
        asdict(row) for row in (costs.own(number), costs.shared(NAMESPACES, each), costs.shared(1, nodes))
    ]


def chart(number: int) -> Figures:
    """The worst second of each two minutes, for the two panels of the chart."""
    width = 2 * MINUTE
    first = {}
    for habit in (WITHOUT_JITTER, OURS):
        calm = outcome_of(number, ONCE, HOURLY, NEVER, habit, DAY)
        first[habit.name] = calm.traffic.steps(width, until=CHART_SECONDS)
    begin, end = Begin(1, on=BEGIN), HOUR_AWAY.end + 2 * HOUR
    second = {}
    for each in (PLAIN, IN_STEP, OURS):
        away = outcome_of(number, begin, USUAL, HOUR_AWAY, each, end)
        second[each.name] = away.traffic.steps(width, until=end)
    return {"step_seconds": width, "starts": first, "together": second}


PARTS: dict[str, Callable[[int], Any]] = {
    "prompts": asked,
    "starts": starts,
    "outages": outages,
    "together": together,
    "shared_outages": lambda number: shared_outages(max(number // 10, 1)),
    "costs": cost,
    "chart": chart,
}


def figures(number: int = PODS) -> Figures:
    """Everything."""
    return {"pods": number, "seed": SEED, **{name: part(number) for name, part in PARTS.items()}}

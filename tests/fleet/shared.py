"""One workload of two replicas that keeps one token for many pods, as `k8s/shared` does.

A model of what goes on between the replicas: one at a time has the Lease, and each finds in the shared state
what the other one has obtained. What a turn decides is the product's, as in `pods`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from sidecar.core import plan, schedule
from sidecar.core.account import Admission
from sidecar.core.plan import Situation
from sidecar.core.schedule import CARRY_SECONDS, Attempts
from sidecar.core.token import AccessToken
from sidecar.errors import ClusterUnreachable
from sidecar.kubernetes.shared_state import LOOK_SECONDS
from sidecar.role import REFRESH, Rules
from tests.fleet.authority import NEVER, WANTED, Authority, Outage
from tests.fleet.pods import START_UP_SECONDS, Begin, Gaps, Pod, fleet, policy_of, turn, wake_on
from tests.fleet.traffic import START, Traffic

REPLICAS = 2
TRIES = Rules({}, policy_of(0), Admission(), may_prompt=True, replicated=True).tries(REFRESH)
LOOK_CALLS = 2
"""The shared state and the Secret with the token are read."""
LEASE_CALLS = 3
"""Before a refresh token is used, and after: it is read, taken, let go."""
WRITE_CALLS = 2
"""What was obtained: to the shared state, and to the Secret."""


@dataclass
class Workload:
    """Two replicas, and the token that apps read."""

    replicas: list[Pod]
    token: AccessToken


@dataclass(frozen=True)
class SharedOutcome:
    """`gaps` are those of workloads: what all apps of one see at once."""

    to_entra: Traffic
    to_api: Traffic
    gaps: Gaps


def workloads(number: int, authority: Authority, *, seed: str) -> list[Workload]:
    """They have been at it for long, each at its own place in its token's life."""
    first = fleet(number, Begin(running=True), authority, seed=seed)
    made = []
    for place, pod in enumerate(first):
        assert pod.token is not None
        chance = Random(f"{seed}/second/{place}")
        other = Pod(f"other-{place:05d}", chance, chance.random(), START + chance.random() * LOOK_SECONDS)
        other.token = pod.token
        pod.starts_on = min(pod.starts_on, START + chance.random() * LOOK_SECONDS)
        made.append(Workload([pod, other], pod.token))
    return made


def run(every: list[Workload], authority: Authority, *, seconds: int, api: Outage = NEVER) -> SharedOutcome:
    """Each workload by itself; `api` is when the API server is away."""
    outcome = SharedOutcome(Traffic(seconds), Traffic(seconds), Gaps())
    for workload in every:
        _live(workload, authority, api, outcome)
    return outcome


def _live(workload: Workload, authority: Authority, api: Outage, outcome: SharedOutcome) -> None:
    end = START + outcome.to_entra.seconds
    wakes = [replica.starts_on for replica in workload.replicas]
    while min(wakes) < end:
        now = min(wakes)
        which = wakes.index(now)
        wakes[which] = _turn(workload, which, authority, api, outcome, now)
    outcome.gaps.note(workload.token, end)


def _turn(
    workload: Workload, which: int, authority: Authority, api: Outage, outcome: SharedOutcome, now: float
) -> float:
    """One replica's turn; returns when its next one is."""
    pod = workload.replicas[which]
    place = schedule.spread_of(pod.name)
    if api.refusal(now) is not None:
        for _ in range(LOOK_CALLS):
            outcome.to_api.count(now)
        # Without the Lease no refresh token is used; what is cached stays published.
        return int(now) + ClusterUnreachable.pause_seconds + pod.phase
    for _ in range(LOOK_CALLS):
        outcome.to_api.count(now)
    if pod.token is not workload.token:
        pod.token, pod.attempts = workload.token, Attempts()
    policy = replace(policy_of(place), carry_seconds=CARRY_SECONDS)
    situation = Situation(now, WANTED, {"": workload.token}, {"": pod.attempts})
    if plan.due_for_refresh(situation, policy):
        now = turn(pod, authority, outcome.to_entra.count, now=now, retry_spread=place, tries=TRIES)
        granted = pod.token is not workload.token
        for _ in range(LEASE_CALLS + (WRITE_CALLS if granted else 0)):
            outcome.to_api.count(now)
        if granted:
            outcome.gaps.note(workload.token, now + CARRY_SECONDS)
            workload.token = pod.token
    look_on = now + LOOK_SECONDS * (1 - schedule.JITTER * abs(place))
    return max(min(wake_on(pod, policy, now=now) + pod.phase, look_on), now + START_UP_SECONDS)

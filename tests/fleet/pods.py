"""Pods that keep a token alive each for itself, as `refresh` does or as a plain loop does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from sidecar.adapters.retry import PATIENCE_SECONDS
from sidecar.core import plan, schedule
from sidecar.core.plan import Policy, Situation
from sidecar.core.schedule import Attempts
from sidecar.core.token import AccessToken
from sidecar.renewal import SHORT_PAUSE_SECONDS
from sidecar.role import REFRESH
from tests.fleet.authority import WANTED, Authority, Refusal
from tests.fleet.traffic import START, Traffic

REFRESH_AT = 0.66
MIN_VALIDITY_SECONDS = 60
START_UP_SECONDS = 0.3
"""From waking to the first request of a turn: Python's start."""


@dataclass
class Gaps:
    """Times in which a pod that had a token has none that lives."""

    tokens: int = 0
    seconds: int = 0
    longest_seconds: int = 0

    def note(self, token: AccessToken, until: float) -> None:
        """`token` was in use until then."""
        over = int(until) - token.expires_on
        if over > 0:
            self.tokens += 1
            self.seconds += over
            self.longest_seconds = max(self.longest_seconds, over)


@dataclass
class Pod:
    """`phase` is where the second of its machine's boot clock begins: turns wake by that. `starts_on` is the
    instant of its first turn. `token` is what it begins with.
    """

    name: str
    chance: Random
    phase: float
    starts_on: float
    token: AccessToken | None = None
    attempts: Attempts = field(default_factory=Attempts)


def policy_of(spread: float) -> Policy:
    """The default settings."""
    return Policy(refresh_at=REFRESH_AT, spread=spread, min_validity_seconds=MIN_VALIDITY_SECONDS)


@dataclass(frozen=True)
class Sidecar:
    """The product. `jitter` of renewals and `jittered_retries` can be taken away to see their worth."""

    name: str = "sidecar"
    jitter: bool = True
    jittered_retries: bool = True

    def live(self, pod: Pod, authority: Authority, traffic: Traffic, gaps: Gaps) -> None:
        """One turn after the other, each when the last one said."""
        end = START + traffic.seconds
        place = schedule.spread_of(pod.name)
        policy = policy_of(place if self.jitter else 0.0)
        retry_spread = place if self.jittered_retries else 0.0
        now = pod.starts_on
        while now < end:
            held = pod.token
            now = turn(pod, authority, traffic.count, now=now, retry_spread=retry_spread)
            if held is not None and pod.token is not held:
                gaps.note(held, now)
            now = max(wake_on(pod, policy, now=now) + pod.phase, now)
        if pod.token is not None:
            gaps.note(pod.token, end)


def turn(
    pod: Pod,
    authority: Authority,
    count: Callable[[float], None],
    *,
    now: float,
    retry_spread: float,
    tries: int = REFRESH.attempts,
) -> float:
    """A turn that renews, in so many tries; returns when it is over."""
    now += START_UP_SECONDS
    for left in reversed(range(tries)):
        count(now)
        answer = authority.answer(now, pod.chance)
        if isinstance(answer, AccessToken):
            pod.token, pod.attempts = answer, Attempts(succeeded_on=int(now))
            return now
        wish = answer.retry_after
        if not left or (wish or 0) > PATIENCE_SECONDS:
            break
        now += max(wish or 0, SHORT_PAUSE_SECONDS)
    pause = schedule.retry_seconds(pod.attempts.failures + 1, retry_after=wish, spread=retry_spread)
    pod.attempts = schedule.failed(pod.attempts, now=now, pause_seconds=pause, error="")
    return now


def wake_on(pod: Pod, policy: Policy, *, now: float) -> int:
    """When the next turn has something to do."""
    cached = {} if pod.token is None else {"": pod.token}
    return plan.wake_on(Situation(now, WANTED, cached, {"": pod.attempts}), policy)


@dataclass(frozen=True)
class PlainLoop:
    """What people write: renew at two thirds of life, and every `seconds` again until it works."""

    name: str = "plain loop"
    seconds: int = 5

    def live(self, pod: Pod, authority: Authority, traffic: Traffic, gaps: Gaps) -> None:
        """No back-off, no jitter, no Retry-After."""
        end = START + traffic.seconds
        now = pod.starts_on
        while now < end:
            traffic.count(now)
            answer = authority.answer(now, pod.chance)
            if isinstance(answer, Refusal):
                now += self.seconds
                continue
            if pod.token is not None:
                gaps.note(pod.token, now)
            pod.token = answer
            now += answer.life_seconds * REFRESH_AT
        if pod.token is not None:
            gaps.note(pod.token, end)


Habit = Sidecar | PlainLoop
"""How a pod lives until the end of virtual time."""


@dataclass(frozen=True)
class Begin:
    """How a fleet begins: its pods start over `over_seconds` from second `on` on, none with a token that
    lives; or, if `running`, they have been at it for long, each at its own place in its token's life.
    """

    over_seconds: int = 1
    on: int = 0
    running: bool = False


def fleet(number: int, begin: Begin, authority: Authority, *, seed: str) -> list[Pod]:
    """The same pods for the same seed, whatever habits they have."""
    return [_pod(place, begin, authority, seed) for place in range(number)]


def _pod(place: int, begin: Begin, authority: Authority, seed: str) -> Pod:
    chance = Random(f"{seed}/{place}")
    pod = Pod(f"app-{place:05d}", chance, phase=chance.random(), starts_on=0.0)
    if not begin.running:
        pod.starts_on = START + begin.on + chance.random() * begin.over_seconds
        return pod
    # A token somewhere in the part of its life before its renewal, jitter included.
    life = authority.lives.granted(START, chance)
    policy = policy_of(schedule.spread_of(pod.name))
    until = schedule.renewal_instant(life, refresh_at=REFRESH_AT, spread=policy.spread) - life.issued_on
    back = int(chance.random() * until)
    pod.token = AccessToken(
        "",
        life.issued_on - back,
        life.expires_on - back,
        None if life.refresh_on is None else life.refresh_on - back,
        "",
        WANTED[""],
    )
    pod.starts_on = START + until - back + pod.phase
    return pod


@dataclass(frozen=True)
class Outcome:
    """What a fleet did."""

    traffic: Traffic
    gaps: Gaps


def run(pods: list[Pod], habit: Habit, authority: Authority, *, seconds: int) -> Outcome:
    """All pods, one after the other: what one does changes nothing for another."""
    outcome = Outcome(Traffic(seconds), Gaps())
    for pod in pods:
        habit.live(pod, authority, outcome.traffic, outcome.gaps)
    return outcome

"""What one turn has to do, from what is wanted, cached and published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.core import schedule
from sidecar.core.schedule import Attempts
from sidecar.core.token import UNNAMED, AccessToken, Freshness, TokenSet, Wanted, freshness


@dataclass(frozen=True)
class Policy:
    """The settings that decide when: `refresh_at` is a fraction of life, `spread` this pod's jitter;
    `carry_seconds` pass until apps see a token.
    """

    refresh_at: float
    spread: float
    min_validity_seconds: int
    carry_seconds: int = 0


@dataclass(frozen=True)
class Situation:
    """What a turn finds. `at_once`: whatever the schedule says, since somebody asked or a clock leapt.
    `opening_on`: from when on a person may be asked, the past if that is so now. `prompt_on`: when one is to
    be asked early.
    """

    now: float
    wanted: Wanted
    cached: TokenSet
    attempts: Mapping[str, Attempts]
    at_once: bool = False
    opening_on: int = 0
    prompt_on: int | None = None


def usable(cached: TokenSet, wanted: Wanted) -> dict[str, AccessToken]:
    """The cached tokens that are still wanted, and were requested with today's scopes."""
    return {
        name: cached[name]
        for name, scopes in wanted.items()
        if name in cached and cached[name].requested == scopes
    }


def mainstay(configured: Wanted, cached: TokenSet) -> str:
    """The token that no app can do without: the unnamed one if there is one, else the first one that was ever
    obtained, so that one more in SIDECAR_TOKENS ends nothing wherever it stands.
    """
    if UNNAMED in configured:
        return UNNAMED
    return next((name for name in configured if name in cached), next(iter(configured)))


def due_for_signin(situation: Situation, policy: Policy) -> list[str]:
    """The tokens that the role `signin` has to fetch: those that readiness would not accept."""
    return [name for name in situation.wanted if not _ready(name, situation, policy)]


def due_for_refresh(situation: Situation, policy: Policy) -> list[str]:
    """The tokens that the role `refresh` has to renew now."""
    return [name for name in situation.wanted if _due(name, situation, policy)]


def _ready(name: str, situation: Situation, policy: Policy) -> bool:
    token = situation.cached.get(name)
    if token is None:
        return False
    return token.remaining_seconds(situation.now) > _needed_seconds(token, policy)


def _needed_seconds(token: AccessToken, policy: Policy) -> int:
    """What has to be left when it is renewed: apps see the next one later, and readiness asks for more."""
    ready = schedule.ready_seconds(token, policy.min_validity_seconds)
    return ready + schedule.carry_seconds(token, policy.carry_seconds)


def _due(name: str, situation: Situation, policy: Policy) -> bool:
    return situation.at_once or _due_on(name, situation, policy) <= situation.now


def _due_on(name: str, situation: Situation, policy: Policy) -> int:
    """When the token has to be fetched; 0 for at once.

    A renewal that failed is due when its pause is over, whatever the token's own schedule says: the
    failure may have come of a clock leap that the next turn no longer sees.
    """
    now = situation.now
    token = situation.cached.get(name)
    attempts = situation.attempts.get(name, Attempts())
    if attempts.waits:
        return situation.opening_on
    if attempts.failures:
        return attempts.retry_on if schedule.held_back(attempts, now=now) else 0
    if token is None or token.issued_on > now + schedule.LEAP_SECONDS:
        return 0
    planned = schedule.renewal_instant(
        token,
        refresh_at=policy.refresh_at,
        spread=policy.spread,
        needed_seconds=_needed_seconds(token, policy),
    )
    allowed_on = _allowed_on(attempts, now=now)
    renew_on = max(planned, allowed_on)
    return renew_on if freshness(token, now=now, renew_on=renew_on) is Freshness.FRESH else allowed_on


def _allowed_on(attempts: Attempts, *, now: float) -> int:
    """Never sooner than 2 s after the last success: a token of a second's life makes no hot loop, even
    if it has expired by the time it is there. `succeeded_on` is rounded down, hence one second more.
    """
    if attempts.succeeded_on > now:
        return 0
    return attempts.succeeded_on + 1 + schedule.RENEWAL_FLOOR_SECONDS


def wake_on(situation: Situation, policy: Policy) -> int:
    """When the next turn has something to do."""
    instants = [_due_on(name, situation, policy) for name in situation.wanted]
    if situation.prompt_on is not None:
        instants.append(situation.prompt_on)
    return schedule.next_wake(instants, now=situation.now)


def readiness(situation: Situation, policy: Policy) -> tuple[int, int] | None:
    """(live until, ready until) for the probes: the unnamed token if there is one, else every named
    one that was ever obtained. None while nothing is.
    """
    judged = {name: token for name, token in situation.cached.items() if name == ""} or dict(situation.cached)
    if not judged:
        return None
    return (
        min(token.expires_on for token in judged.values()),
        min(
            token.expires_on - schedule.ready_seconds(token, policy.min_validity_seconds)
            for token in judged.values()
        ),
    )

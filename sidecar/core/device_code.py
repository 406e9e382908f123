"""The polling of a device code (RFC 8628 section 3.5): every transition stands in this file.

`Answer` is what one poll brought, `TRANSITIONS` says what follows from it, `advance` applies it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Any

from sidecar.core.grant import Grant
from sidecar.core.schedule import RETRY_AFTER_MAX_SECONDS
from sidecar.errors import SidecarError

INTERVAL_DEFAULT_SECONDS = 5
INTERVAL_MIN_SECONDS = 1
INTERVAL_MAX_SECONDS = 60
SLOW_DOWN_SECONDS = 5
TROUBLE_MAX_SECONDS = 30


@dataclass(frozen=True)
class DeviceAuthorization:
    """The answer of the device authorization endpoint (RFC 8628 section 3.2), without its secret.

    The device code stays inside the adapter that obtained it.
    """

    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_on: int
    interval_seconds: int
    message: str | None = None


class Answer(enum.Enum):
    """What one poll brought."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    TROUBLE = "trouble"
    GRANTED = "granted"
    DECLINED = "declined"
    EXPIRED = "expired"
    REFUSED = "refused"


class State(enum.Enum):
    """Where the conversation stands; all but PENDING are final."""

    PENDING = "pending"
    GRANTED = "granted"
    DECLINED = "declined"
    EXPIRED = "expired"
    REFUSED = "refused"


@dataclass(frozen=True)
class Polling:
    """One code being polled. `interval_seconds` only ever grows; `troubles` count in a row."""

    interval_seconds: int
    expires_on: int
    state: State = State.PENDING
    troubles: int = 0


# answer: (next state, seconds added to the interval for good, counts as trouble)
TRANSITIONS: dict[Answer, tuple[State, int, bool]] = {
    Answer.PENDING: (State.PENDING, 0, False),
    Answer.SLOW_DOWN: (State.PENDING, SLOW_DOWN_SECONDS, False),
    Answer.TROUBLE: (State.PENDING, 0, True),
    Answer.GRANTED: (State.GRANTED, 0, False),
    Answer.DECLINED: (State.DECLINED, 0, False),
    Answer.EXPIRED: (State.EXPIRED, 0, False),
    Answer.REFUSED: (State.REFUSED, 0, False),
}

# RFC 8628 section 3.5 and the names Entra uses beside them (learn.microsoft.com, "device
# authorization grant", expected errors).
_ANSWERS: dict[str, Answer] = {
    "authorization_pending": Answer.PENDING,
    "slow_down": Answer.SLOW_DOWN,
    "temporarily_unavailable": Answer.TROUBLE,
    "authorization_declined": Answer.DECLINED,
    "access_denied": Answer.DECLINED,
    "expired_token": Answer.EXPIRED,
    "code_expired": Answer.EXPIRED,
    "bad_verification_code": Answer.EXPIRED,
}


def answer_for(error: str) -> Answer:
    """What an OAuth `error` of the token endpoint means while polling."""
    return _ANSWERS.get(error, Answer.REFUSED)


def start(authorization: DeviceAuthorization) -> Polling:
    """Polling of a new code, its interval clamped: an interval of 0 would never let go."""
    interval = min(max(authorization.interval_seconds, INTERVAL_MIN_SECONDS), INTERVAL_MAX_SECONDS)
    return Polling(interval_seconds=interval, expires_on=authorization.expires_on)


def advance(polling: Polling, answer: Answer, *, now: float) -> Polling:
    """The polling after `answer`; a code that waits past its life is expired whatever came.

    Nothing leads out of a final state.
    """
    if polling.state is not State.PENDING:
        return polling
    state, slower, trouble = TRANSITIONS[answer]
    if state is State.PENDING and now >= polling.expires_on:
        state = State.EXPIRED
    return replace(
        polling,
        state=state,
        interval_seconds=min(polling.interval_seconds + slower, INTERVAL_MAX_SECONDS),
        troubles=polling.troubles + 1 if trouble else 0,
    )


def replacement_seconds(short_lived: int) -> int:
    """Before the next code, after `short_lived` codes in a row that expired at once: 0, 5, 10 … 60 s."""
    return 0 if short_lived < 2 else min(5 << min(short_lived - 2, 8), 60)


def wait_seconds(polling: Polling, *, retry_after: int | None = None) -> int:
    """Until the next poll: the interval, doubled per trouble in a row up to 30 s, or what was asked for
    up to an hour.
    """
    troubled = polling.interval_seconds << min(polling.troubles, 5)
    pause = max(polling.interval_seconds, min(troubled, TROUBLE_MAX_SECONDS))
    return max(pause, min(retry_after or 0, RETRY_AFTER_MAX_SECONDS))


@dataclass(frozen=True)
class PollResult:
    """One poll of a device code: `grant` with GRANTED, else the `error` behind the answer."""

    answer: Answer
    grant: Grant | None = None
    error: SidecarError | None = None

    @property
    def last_words(self) -> dict[str, Any]:
        """What the authority said when it called the code expired or declined; who can help is known then."""
        if self.answer not in (Answer.EXPIRED, Answer.DECLINED) or self.error is None:
            return {}
        return {name: value for name, value in self.error.fields.items() if name != "cure"}

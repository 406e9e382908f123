"""What is known of each Secret that apps mount, between turns: for the next one, probes and status."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sidecar.core.schedule import LIMIT, RETRY_AFTER_MAX_SECONDS, retry_seconds
from sidecar.errors import SidecarError

LOOK_SECONDS = 300
"""At least this often it is made sure that the Secret still says what it should."""

PASSING = "passing"
"""In the place of a kind: an API server that goes away does so with many errors."""

TEXT_MAX = 300


@dataclass(frozen=True)
class Copy:
    """What is known of one Secret. Instants are seconds since 1970, 0 or None for never.

    `expires_on` is when the first token ends that probes ask about, as the Secret had it the last time it was
    read or written; `written_on` when it was written last. `retry_on` holds back the next look. `failures`
    are those in a row since `failed_on`, the last with `kind` (docs/errors.md) and `error`; `trouble` is what
    the log was told of. `keys` are those we wrote, with tokens of `person`; `withdrawal_owed`: they are to be
    emptied, and are not yet. `short_lived`: the log was told that its tokens are.
    """

    expires_on: int = 0
    written_on: int | None = None
    retry_on: int = 0
    failures: int = 0
    failed_on: int | None = None
    kind: str | None = None
    error: str | None = None
    trouble: str | None = None
    keys: tuple[str, ...] = ()
    person: str | None = None
    withdrawal_owed: bool = False
    short_lived: bool = False


Copies = Mapping[str, Copy]
"""By namespace/name."""


def held_back(copy: Copy, *, now: float) -> bool:
    """Whether the next look has to wait; a clock that has leapt holds nothing back."""
    return now < copy.retry_on <= now + RETRY_AFTER_MAX_SECONDS + 1


def failed(copy: Copy, error: SidecarError, *, now: float, pause_seconds: int, asked: bool = True) -> Copy:
    """After one more failure, with the pause that the error asks for, or the usual one after so many if that
    is longer; not `asked`: after another one's, which says that this one would fail too.
    """
    failures = copy.failures + 1 if asked else max(copy.failures, 1)
    return replace(
        copy,
        retry_on=math.ceil(now) + max(pause_seconds, retry_seconds(failures)),
        failures=failures,
        failed_on=int(now) if copy.failed_on is None else copy.failed_on,
        kind=error.anchor(),
        error=error.message[:TEXT_MAX],
        trouble=trouble_of(error),
    )


def well(copy: Copy) -> Copy:
    """After it was read, and written if it had to be."""
    return replace(copy, retry_on=0, failures=0, failed_on=None, kind=None, error=None, trouble=None)


def trouble_of(error: SidecarError) -> str:
    """What is worth telling anew when it changes."""
    return PASSING if error.retryable else error.anchor()


def look_in_seconds(copy: Copy, *, now: float) -> float:
    """Until the next look. One that was due in a turn with nothing to show waits as long as any other."""
    return math.ceil(copy.retry_on - now) if held_back(copy, now=now) else LOOK_SECONDS


def to_text(copies: Copies) -> str:
    """JSON; the inverse of `from_text`."""
    return json.dumps({name: asdict(copy) for name, copy in copies.items()})


def from_text(text: str | bytes) -> dict[str, Copy]:
    """Read them. What is damaged was never known."""
    try:
        return {str(name): _copy(record) for name, record in json.loads(text).items()}
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return {}


def _copy(record: Mapping[str, Any]) -> Copy:
    return Copy(
        expires_on=_number(record["expires_on"]),
        written_on=_number_or_none(record["written_on"]),
        retry_on=_number(record["retry_on"]),
        failures=_number(record["failures"]),
        failed_on=_number_or_none(record["failed_on"]),
        kind=_text(record["kind"]),
        error=_text(record["error"]),
        trouble=_text(record["trouble"]),
        keys=tuple(str(key) for key in record["keys"]),
        person=_text(record["person"]),
        withdrawal_owed=record["withdrawal_owed"] is True,
        short_lived=record["short_lived"] is True,
    )


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LIMIT:
        raise ValueError("no instant of ours")
    return value


def _number_or_none(value: Any) -> int | None:
    return None if value is None else _number(value)


def _text(value: Any) -> str | None:
    return value[:TEXT_MAX] if isinstance(value, str) else None

"""What happened, counted and remembered: for people who look later, and for monitoring.

Noted from the events of the log, whose names and fields are public; it never holds what they never hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sidecar.core.schedule import LIMIT

ENTRIES_MAX = 60
COUNTS_MAX = 500
TEXT_MAX = 300

REMEMBERED = frozenset(
    {
        "signin.withdrawn",
        "signin.rejected",
        "signin.completed",
        "signin.blocked",
        "signin.failed",
        "token.published",
        "token.withdrawn",
        "refresh.succeeded",
        "refresh.failed",
        "refresh.signin_required",
        "cache.set_aside",
        "clock.leapt",
    }
)
"""The events that are counted and kept; the others come too often, or tell of no change."""


@dataclass(frozen=True)
class Entry:
    """`detail` is the kind of an error, or how a prompt ended; `message` words for people."""

    on: int
    event: str
    token: str = ""
    detail: str = ""
    message: str = ""


Count = tuple[str, str, str]
"""Event, token name, detail."""


@dataclass(frozen=True)
class History:
    """`since` is when counting began; `entries` the latest last."""

    since: int | None = None
    counts: Mapping[Count, int] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()


def noted(history: History, event: str, fields: Mapping[str, object], *, now: float) -> History:
    """The history with one more event, if it is one to remember."""
    if event not in REMEMBERED:
        return history
    entry = Entry(
        on=int(now),
        event=event,
        token=_text(fields.get("token")),
        detail=_text(fields.get("kind") or fields.get("outcome")),
        message=_text(fields.get("message") or fields.get("username") or fields.get("tokens")),
    )
    count = (event, entry.token, entry.detail)
    counts = dict(history.counts)
    if count in counts or len(counts) < COUNTS_MAX:
        counts[count] = counts.get(count, 0) + 1
    return replace(
        history,
        since=history.since or entry.on,
        counts=counts,
        entries=(*history.entries, entry)[-ENTRIES_MAX:],
    )


def to_text(history: History) -> str:
    """JSON; the inverse of `from_text`."""
    return json.dumps(
        {
            "since": history.since,
            "counts": [[*count, number] for count, number in sorted(history.counts.items())],
            "entries": [
                [entry.on, entry.event, entry.token, entry.detail, entry.message] for entry in history.entries
            ],
        }
    )


def from_text(text: str | bytes) -> History:
    """Read a history. Anything else is an empty one."""
    try:
        document = json.loads(text)
        since = document["since"]
        return History(
            since=None if since is None else _instant(since),
            counts={
                (_name(event), _text(token), _text(detail)): _instant(number)
                for event, token, detail, number in document["counts"][:COUNTS_MAX]
            },
            entries=tuple(
                Entry(_instant(on), _name(event), _text(token), _text(detail), _text(message))
                for on, event, token, detail, message in document["entries"][-ENTRIES_MAX:]
            ),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return History()


def _instant(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LIMIT:
        raise ValueError("no number of ours")
    return value


def _name(value: Any) -> str:
    if value not in REMEMBERED:
        raise ValueError("no event of ours")
    return str(value)


def _text(value: object) -> str:
    return value[:TEXT_MAX] if isinstance(value, str) else ""

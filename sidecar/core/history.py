"""What happened, counted and remembered: for people who look later, and for monitoring.

Noted from the events of the log, whose names and fields are public; it never holds what they never hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from sidecar.core.schedule import LIMIT

ENTRIES_MAX = 60
ROUTINE_MAX = 30
COUNTS_MAX = 1000
COUNTS_LIMIT = 1200
TEXT_MAX = 300

TURN = "(turn)"
OTHERS = "*"
"""In the place of a token's name, which they cannot be: the whole turn or the sign-in failed; and all names
beyond those that are told apart.
"""

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

ROUTINE = frozenset({"refresh.succeeded", "token.published"})
"""Of fifty tokens they would push everything else out of the entries within an hour."""

REPEATING = frozenset({"refresh.failed", "signin.failed", "signin.blocked", "refresh.signin_required"})
"""An outage tells of itself each minute: that is one entry, which says how often."""


@dataclass(frozen=True)
class Entry:
    """`detail` is the kind of an error, or how a prompt ended; `message` words for people. `times` it came
    in a row, from `first_on` (None: it came once) to `on`.
    """

    on: int
    event: str
    token: str = ""
    detail: str = ""
    message: str = ""
    times: int = 1
    first_on: int | None = None


Count = tuple[str, str, str]
"""Event, token name (empty for the unnamed one, or where it is of none) or one of the above, detail."""


@dataclass(frozen=True)
class History:
    """`since` is when counting began; `entries` the latest last. Counts never go down: only a history that
    was lost begins again, with a later `since`.
    """

    since: int | None = None
    counts: Mapping[Count, int] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()


def noted(history: History, event: str, fields: Mapping[str, object], *, now: float) -> History:
    """The history with one more event, if it is one to remember. A failure without a `message` was told
    already, of another token: it is counted, and no entry. What was asked for on demand in vain may have any
    name: it is counted with others, and only when it was tried.
    """
    if event not in REMEMBERED or (fields.get("on_demand") and "retry_in_seconds" not in fields):
        return history
    entry = Entry(
        on=int(now),
        event=event,
        token=_text(fields.get("token")),
        detail=_text(fields.get("kind") or fields.get("outcome")),
        message=_text(fields.get("message") or fields.get("tokens") or fields.get("username")),
    )
    told_already = event in REPEATING and not entry.message
    return replace(
        history,
        since=history.since or entry.on,
        counts=_counted(
            history.counts,
            replace(entry, token=OTHERS) if fields.get("on_demand") else entry,
            of_turn="token" not in fields and "failures" not in fields,
        ),
        entries=history.entries if told_already else _with(history.entries, entry),
    )


def _counted(counts: Mapping[Count, int], entry: Entry, *, of_turn: bool) -> dict[Count, int]:
    """A failed renewal says which in a row it is; a failure without that is the whole turn's."""
    token = TURN if of_turn and entry.event in ("refresh.failed", "signin.blocked") else entry.token
    count = (entry.event, token, entry.detail)
    if count not in counts and len(counts) >= COUNTS_MAX:
        count = (entry.event, OTHERS, entry.detail)
        if count not in counts and len(counts) >= COUNTS_LIMIT:
            return dict(counts)
    return {**counts, count: counts.get(count, 0) + 1}


def _with(entries: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    """Repetitions become one, and routine never fills more than its share."""
    last = next((each for each in reversed(entries) if each.token == entry.token), None)
    if last and entry.event in REPEATING and (last.event, last.detail) == (entry.event, entry.detail):
        entries = tuple(each for each in entries if each is not last)
        entry = replace(entry, times=last.times + 1, first_on=last.first_on or last.on)
    entries = (*entries, entry)
    routine = [each for each in entries if each.event in ROUTINE]
    if len(routine) > ROUTINE_MAX:
        entries = tuple(each for each in entries if each is not routine[0])
    return entries[-ENTRIES_MAX:]


def to_text(history: History) -> str:
    """JSON; the inverse of `from_text`."""
    return json.dumps(
        {
            "since": history.since,
            "counts": [[*count, number] for count, number in sorted(history.counts.items())],
            "entries": [list(astuple(entry)) for entry in history.entries],
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
                for event, token, detail, number in document["counts"][:COUNTS_LIMIT]
            },
            entries=tuple(_entry(*fields) for fields in document["entries"][-ENTRIES_MAX:]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return History()


def _entry(on: Any, event: Any, token: Any, detail: Any, message: Any, times: Any, first_on: Any) -> Entry:
    return Entry(
        on=_instant(on),
        event=_name(event),
        token=_text(token),
        detail=_text(detail),
        message=_text(message),
        times=_instant(times),
        first_on=None if first_on is None else _instant(first_on),
    )


def _instant(value: Any) -> int:
    """An instant or a count."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LIMIT:
        raise ValueError("no number of ours")
    return value


def _name(value: Any) -> str:
    if value not in REMEMBERED:
        raise ValueError("no event of ours")
    return str(value)


def _text(value: object) -> str:
    return value[:TEXT_MAX] if isinstance(value, str) else ""

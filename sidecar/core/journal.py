"""What has to outlive a turn besides the cache: the record of attempts and the clocks' anchor."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sidecar.core import schedule, session
from sidecar.core.schedule import LIMIT, Anchor, Attempts, anchor_from
from sidecar.core.session import Session, session_from

REFUSED_MAX = 50


@dataclass(frozen=True)
class Journal:
    """`tokens` by token name; `signin` counts prompts that nobody completed, `early` those that were shown
    while the present sign-in, `session`, went on. `prompt_on` is when a person is asked next.

    All instants are by the wall clock as it was at `anchor`. `renewal_owed`: it has leapt, so that nobody
    knows how long tokens live, or somebody asked for it, and not every token has been renewed since.
    `clock_offset_seconds` is how far the wall clock was ahead of the authority's when that was last worth a
    warning.
    """

    tokens: Mapping[str, Attempts] = field(default_factory=dict)
    signin: Attempts = field(default_factory=Attempts)
    anchor: Anchor | None = None
    wake_on: int | None = None
    renewal_owed: bool = False
    clock_offset_seconds: int | None = None
    session: Session = field(default_factory=Session)
    early: Attempts = field(default_factory=Attempts)
    prompt_on: int | None = None


def after_leap(journal: Journal, *, seconds: float, anchor: Anchor) -> Journal:
    """The journal at `anchor`, after the wall clock leapt by `seconds`."""
    return replace(
        journal,
        tokens={name: schedule.moved(record, seconds=seconds) for name, record in journal.tokens.items()},
        signin=schedule.moved(journal.signin, seconds=seconds),
        anchor=anchor,
        renewal_owed=True,
        clock_offset_seconds=None,
        session=session.moved(journal.session, seconds=seconds),
        early=schedule.moved(journal.early, seconds=seconds),
        prompt_on=None if journal.prompt_on is None else round(journal.prompt_on + seconds),
    )


def of_wanted(journal: Journal, wanted: Collection[str], *, demanded: Collection[str] = ()) -> Journal:
    """The journal without what it holds of tokens that are not wanted any more: nothing would mend it. What
    was asked for in vain stays, for whoever asks again, unless somebody configured it; `demanded` of those
    wanted are not configured.
    """
    return replace(
        journal,
        tokens={
            name: record
            for name, record in journal.tokens.items()
            if (name not in wanted or name in demanded if record.on_demand else name in wanted)
        },
        session=session.without_other_tokens(journal.session, wanted),
    )


def bounded(journal: Journal) -> Journal:
    """Of what was asked for in vain no more than `REFUSED_MAX`: somebody may ask for made-up ones."""
    refused = [name for name, record in journal.tokens.items() if record.on_demand]
    refused.sort(key=lambda name: journal.tokens[name].retry_on)
    gone = set(refused[:-REFUSED_MAX])
    return replace(journal, tokens={name: each for name, each in journal.tokens.items() if name not in gone})


def to_text(journal: Journal) -> str:
    """JSON; the inverse of `from_text`."""
    return json.dumps(asdict(journal))


def from_text(text: str | bytes) -> Journal:
    """Read a journal. Anything else is an empty one: it costs a renewal too early, nothing more."""
    try:
        document = json.loads(text)
        return Journal(
            tokens={str(name): _attempts(record) for name, record in document["tokens"].items()},
            signin=_attempts(document["signin"]),
            anchor=None if document["anchor"] is None else anchor_from(document["anchor"]),
            wake_on=_whole_or_none(document["wake_on"]),
            renewal_owed=bool(document["renewal_owed"]),
            clock_offset_seconds=_whole_or_none(document.get("clock_offset_seconds")),
            session=session_from(document.get("session")),
            early=_attempts(document["early"]) if "early" in document else Attempts(),
            prompt_on=_whole_or_none(document.get("prompt_on")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return Journal()


def _whole(value: Any) -> int:
    """A number that can be added to a clock: no infinity, and nothing beyond what clocks show."""
    number = int(value)
    if abs(number) >= LIMIT:
        raise ValueError("beyond every clock")
    return number


def _whole_or_none(value: Any) -> int | None:
    return None if value is None else _whole(value)


def _attempts(record: Mapping[str, Any]) -> Attempts:
    error = record["error"]
    return Attempts(
        failures=_whole(record["failures"]),
        retry_on=_whole(record["retry_on"]),
        succeeded_on=_whole(record["succeeded_on"]),
        failed_on=_whole_or_none(record["failed_on"]),
        error=None if error is None else str(error),
        blocked=_whole(record.get("blocked", 0)),
        waits=bool(record.get("waits")),
        kind=None if record.get("kind") is None else str(record["kind"]),
        on_demand=bool(record.get("on_demand")),
    )

"""The history for people: by day, the latest first, repetitions folded into one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sidecar.core.history import Entry, History
from sidecar.core.prompt import Outcome

DAY_SECONDS = 86400
SAME_TURN_SECONDS = 120
"""A publication so close to a renewal or a sign-in is its result, and no news."""

GOOD, BAD, PLAIN = "good", "bad", "plain"

_WORDS: dict[str, tuple[str, str]] = {
    "signin.completed": ("Signed in", GOOD),
    "signin.rejected": ("A sign-in was refused", BAD),
    "signin.blocked": ("The tenant's policy blocks the sign-in", BAD),
    "signin.failed": ("The sign-in failed", BAD),
    "token.published": ("Tokens published", PLAIN),
    "token.withdrawn": ("Tokens were taken back", BAD),
    "refresh.succeeded": ("Renewed", GOOD),
    "refresh.failed": ("The renewal failed", BAD),
    "refresh.signin_required": ("A person has to sign in", BAD),
    "cache.set_aside": ("A damaged cache was set aside", BAD),
    "clock.leapt": ("The clock leapt", PLAIN),
}

_ENDS: dict[str, str] = {
    Outcome.EXPIRED.value: "A code expired unused",
    Outcome.CANCELLED.value: "The prompt was taken back",
}
"""The ends of a prompt that no other entry tells of."""


@dataclass(frozen=True)
class Line:
    """`times` entries of one kind between two instants; `message` is what they all say."""

    first_on: int
    last_on: int
    words: str
    tone: str
    message: str = ""
    kind: str = ""
    tokens: tuple[str, ...] = ()
    times: int = 1


@dataclass(frozen=True)
class Day:
    """A day in UTC, by the second at which it begins."""

    on: int
    lines: tuple[Line, ...]


def days(history: History) -> tuple[Day, ...]:
    """All that is remembered."""
    found: dict[int, list[Line]] = {}
    for line in _news(history.entries):
        of_day = found.setdefault(line.last_on // DAY_SECONDS * DAY_SECONDS, [])
        if of_day and (folded := _folded(of_day[-1], line)):
            of_day[-1] = folded
        else:
            of_day.append(line)
    return tuple(Day(on, tuple(reversed(lines))) for on, lines in reversed(found.items()))


def totals(history: History) -> tuple[tuple[str, int], ...]:
    """How often what matters happened since counting began: the word in its number, and that."""
    counted = (
        ("refresh.succeeded", "renewal", "renewals"),
        ("refresh.failed", "failure", "failures"),
        ("signin.completed", "sign-in", "sign-ins"),
    )
    sums = [
        (sum(number for (name, _, _), number in history.counts.items() if name == event), one, several)
        for event, one, several in counted
    ]
    return tuple((one if number == 1 else several, number) for number, one, several in sums)


def _news(entries: Iterable[Entry]) -> Iterator[Line]:
    found = tuple(entries)
    worked_on = [entry.on for entry in found if entry.event in ("refresh.succeeded", "signin.completed")]
    for entry in found:
        words, tone = _WORDS.get(entry.event, (_ENDS.get(entry.detail, ""), PLAIN))
        if not words or (entry.event == "token.published" and _is_result(entry.on, worked_on)):
            continue
        says = tone == BAD or entry.event in ("signin.completed", "clock.leapt")
        yield Line(
            first_on=entry.on if entry.first_on is None else entry.first_on,
            last_on=entry.on,
            words=words,
            tone=tone,
            message=entry.message if says else "",
            kind=entry.detail if tone == BAD else "",
            tokens=_tokens(entry),
            times=entry.times,
        )


def _tokens(entry: Entry) -> tuple[str, ...]:
    """A renewal without a name is the unnamed token's; a failure without one may be a whole turn's."""
    if entry.event == "refresh.succeeded":
        return (entry.token or "token",)
    return (entry.token,) if entry.token else ()


def _is_result(on: int, worked_on: Sequence[int]) -> bool:
    return any(abs(on - each) <= SAME_TURN_SECONDS for each in worked_on)


def _folded(before: Line, line: Line) -> Line | None:
    """Both in one, None if they are not alike."""
    if (before.words, before.message, before.kind) != (line.words, line.message, line.kind):
        return None
    return Line(
        first_on=min(before.first_on, line.first_on),
        last_on=line.last_on,
        words=line.words,
        tone=line.tone,
        message=line.message,
        kind=line.kind,
        tokens=tuple(dict.fromkeys((*before.tokens, *line.tokens))),
        times=before.times + line.times,
    )

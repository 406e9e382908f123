"""What happened, by day."""

from __future__ import annotations

import time

from sidecar.core.history_words import DAY_SECONDS, Day, Line, days, totals
from sidecar.core.time_words import utc_date
from sidecar.errors import ERROR_PAGE
from sidecar.serve.page.html import Html, Part, element, foreign, name_of
from sidecar.serve.page.seen import Seen


def happened(seen: Seen) -> Html:
    """The latest first; all instants are UTC."""
    history = seen.found.history
    title = element("h2", "History", id="history-title")
    found = days(history)
    body = [_day(day, seen.now) for day in found]
    if not body:
        body = [element("p", "Nothing has happened yet.", class_="muted empty")]
    summary: Part = ""
    if history.since is not None:
        counted = ", ".join(f"{number} {words}" for words, number in totals(history) if number)
        said = f"{counted} since {utc_date(history.since)}." if counted else ""
        summary = element("p", said, class_="muted")
    return element("section", title, summary, *body, id="history", aria_labelledby="history-title")


def _day(day: Day, now: float) -> Html:
    lines = element("ol", *map(_line, day.lines), class_="card lines", reversed=True)
    return element("div", element("h3", _name(day.on, now)), lines, class_="day")


def _name(on: int, now: float) -> str:
    today = int(now) // DAY_SECONDS * DAY_SECONDS
    try:
        date = time.strftime("%A, %Y-%m-%d", time.gmtime(on))
    except (OverflowError, ValueError, OSError):
        return "An unknown day"
    if on == today:
        return f"Today, {date[-10:]} (UTC)"
    return f"Yesterday, {date[-10:]} (UTC)" if on == today - DAY_SECONDS else f"{date} (UTC)"


def _line(line: Line) -> Html:
    clock = _clock(line.last_on)
    if line.times > 1 and (first := _clock(line.first_on)) != clock:
        clock = f"{first} – {clock}"
    words: list[Part] = [element("span", line.words, class_=line.tone)]
    if line.times > 1:
        words.append(f" {line.times} times")
    if line.tokens:
        shown = line.tokens[:3]
        for number, token in enumerate(shown):
            words += [", " if number else " · ", name_of(token)]
        if len(line.tokens) > len(shown):
            words.append(f" and {len(line.tokens) - len(shown)} more")
    if line.message:
        words += [" · ", foreign(line.message)]
    if line.kind:
        words += [" · ", element("code", f"{ERROR_PAGE}#{line.kind}", class_="name muted")]
    return element("li", element("span", clock, class_="clock"), element("span", *words))


def _clock(on: int) -> str:
    try:
        return time.strftime("%H:%M", time.gmtime(on))
    except (OverflowError, ValueError, OSError):
        return "--:--"

"""The status for people: a line a thing, at any width."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from sidecar.core.health import HEARTBEAT_MAX_SECONDS
from sidecar.core.printable import printable
from sidecar.core.time_words import span, utc, utc_date

BAR_WIDTH = 10
COLUMNS = 80
MESSAGE_MAX = 400
MEASURED_MAX_SECONDS = 120
"""Shorter lives are shown to the second."""

NARROW = 60
"""Below it labels stand above what they label."""


def lines(status: Mapping[str, Any], *, columns: int = COLUMNS) -> list[str]:
    """`status` is the report. Nothing is cut off; only words longer than a line are broken."""
    rows = [(label, printable(text, 500)) for label, text in _rows(status)]
    if columns < NARROW:
        return [
            line
            for label, text in rows
            for line in [label[:columns], *_wrapped(text, columns, first="  ", rest="  ")]
        ]
    width = max(len(label) for label, _ in rows) + 2
    return [
        line
        for label, text in rows
        for line in _wrapped(text, columns, first=f"{label:<{width}}", rest=" " * width)
    ]


def bar(remaining_seconds: int, life_seconds: int) -> str:
    """[#######---]: what is left of the life, a last bit of it shown as one mark."""
    share = min(max(remaining_seconds / life_seconds, 0.0), 1.0)
    marks = round(share * BAR_WIDTH) or int(remaining_seconds > 0)
    return f"[{'#' * marks}{'-' * (BAR_WIDTH - marks)}]"


def _rows(status: Mapping[str, Any]) -> list[tuple[str, str]]:
    account, now = status["account"], status["now"]
    name = (account["username"] or account["object_id"] or "unknown") if account else "nobody"
    rows = [("signed in", name)]
    for token_name, token in status["tokens"].items():
        rows.append((printable(token_name, 63), _token(token)))
        if token["failures"] and len(status["tokens"]) > 1:
            rows.append(("", _failure(token, now)))
    if not status["tokens"]:
        rows.append(("token", "none published"))
    rows += [("secret", f"{name}: {_secret(secret)}") for name, secret in status["secrets"].items()]
    if status["shared_state"]:
        rows.append(("state", _shared(status["shared_state"])))
    age = status["heartbeat_seconds"]
    if status["tokens"] and (age is None or age > HEARTBEAT_MAX_SECONDS):
        since = "since the machine was started" if age is None else f"for {span(age)}"
        rows.append(("loop", f"NO SIGN OF LIFE {since}: start `refresh`"))
    elif status["next_turn_on"] is not None:
        seconds = status["next_turn_on"] - now
        rows.append(
            ("next turn", f"in {span(seconds)}, at {utc(status['next_turn_on'])}" if seconds > 0 else "now")
        )
    budget = status["outage_budget_seconds"]
    if budget is not None:
        words = f"may be away for {span(budget)}" if budget > 0 else f"readiness is red for {span(budget)}"
        rows.append(("authority", words))
    if status["last_error"]:
        error = status["last_error"]
        rows.append(("last error", f"{error['message']} (since {utc(error['since'])})"))
    if status["prompt"]:
        rows.append(("sign-in", _prompt(status["prompt"])))
    elif status["next_prompt_on"] is not None:
        on, needed = status["next_prompt_on"], "NEEDED: asked for" if status["signin_needed"] else "asked for"
        rows.append(("sign-in", f"{needed} in {span(max(on - now, 0))} ({utc_date(on)})"))
    return rows


def _failure(token: Mapping[str, Any], now: int) -> str:
    """What keeps this one from being renewed, in its own words, and when it is tried again."""
    wait = (token["retry_on"] or now) - now
    again = f"; tried again in {span(wait)}" if wait > 0 else ""
    return f"{printable(token['error'] or 'failed', MESSAGE_MAX)}{again}"


def _token(token: Mapping[str, Any]) -> str:
    if not token["published"]:
        return "not obtained yet" if token["failures"] else "not published"
    left, until = span(token["remaining_seconds"]), utc(token["expires_on"])
    if not token["live"]:
        return f"[{'-' * BAR_WIDTH}] EXPIRED {left} ago, at {until}"
    if token["life_seconds"] is None:
        return f"live, {left} left, until {until}"
    drawn = bar(token["remaining_seconds"], token["life_seconds"])
    return f"{drawn} {left} of {span(granted(token['life_seconds']))}, until {until}"


def _secret(secret: Mapping[str, Any]) -> str:
    """What apps that mount it have, and what is wrong with it."""
    if secret["live"]:
        words = f"live, {span(secret['remaining_seconds'])} left, until {utc(secret['expires_on'])}"
    elif secret["expires_on"]:
        words = f"EXPIRED {span(secret['remaining_seconds'])} ago, at {utc(secret['expires_on'])}"
    else:
        words = "WITHDRAWAL OWED" if secret["withdrawal_owed"] else "nothing of ours in it"
    if secret["published_on"]:
        words += f"; written at {utc(secret['published_on'])}"
    if not secret["failures"]:
        return words
    error = printable(secret["error"] or "failed", MESSAGE_MAX)
    return f"{words}; FAILING since {utc(secret['failing_since'])}: {error}"


def _shared(shared: Mapping[str, Any]) -> str:
    """The shared state, who uses it, and what is wrong with it."""
    words = printable(shared["secret"], 320)
    if shared["serial"] is None:
        words += ": nothing shared yet"
    else:
        words += f": number {shared['serial']}, the same here since {utc(shared['shared_on'])}"
    if shared["holder"]:
        words += f"; in use by {printable(shared['holder'], 300)} when last seen (its log may have a prompt)"
    if not shared["error"]:
        return words
    return f"{words}; FAILING since {utc(shared['failing_since'])}: {printable(shared['error'], MESSAGE_MAX)}"


def granted(life_seconds: int) -> int:
    """Whole minutes, as authorities grant them: a life is measured from after the answer, a second late."""
    return life_seconds if life_seconds < MEASURED_MAX_SECONDS else round(life_seconds / 60) * 60


def _prompt(prompt: Mapping[str, Any]) -> str:
    phrase = f" ({prompt['phrase']})" if prompt.get("phrase") else ""
    return (
        f"NEEDED: open {prompt['verification_uri']} and enter {prompt['user_code']} "
        f"before {utc(prompt.get('expires_on'))}{phrase}"
    )


def _wrapped(text: str, columns: int, *, first: str, rest: str) -> list[str]:
    """A word that would not fit into a line of its own is broken only on narrow terminals."""
    return textwrap.wrap(
        text,
        columns,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=columns < NARROW,
        break_on_hyphens=False,
    ) or [first.rstrip()]

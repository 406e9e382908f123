"""Who is signed in and what comes next, as pairs of a word and a value."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.core.session import TOLD, expectation
from sidecar.core.time_words import span
from sidecar.serve.page.html import Html, Part, element, foreign, instant, joined, lasting, name_of
from sidecar.serve.page.seen import Seen
from sidecar.serve.page.tokens import advice


def facts(seen: Seen) -> Html:
    """One list; rows that nothing is known of are left out, but for those that people look for."""
    rows = [joined([element("dt", label), element("dd", *parts)]) for label, parts in _rows(seen)]
    return element(
        "section",
        element("h2", "Sign-in and renewal", id="facts-title"),
        element("dl", *rows, class_="card"),
        id="facts",
        aria_labelledby="facts-title",
    )


def _rows(seen: Seen) -> Iterator[tuple[str, list[Part]]]:
    account = seen.status["account"]
    name = (account["username"] or account["object_id"] or "unknown") if account else None
    yield "Signed in", [element("strong", foreign(name)) if name else "nobody"]
    since = seen.found.journal.session.signed_in_on
    if since is not None and account:
        yield "Since", [instant(since, date=True)]
    yield from _renewal(seen)
    yield "Next sign-in", _next_signin(seen)
    error = seen.status["last_error"]
    signin = seen.found.journal.signin
    if error and signin.failures and error["message"]:
        at: list[Part] = [" (since ", instant(error["since"], date=True), ")"] if error["since"] else []
        yield "Last error", [foreign(error["message"]), *at, advice(error["message"])]
    yield "Refresh loop", _loop(seen)
    offset = seen.found.journal.clock_offset_seconds
    if offset is not None:
        yield "Clock", [f"{span(offset)} {'ahead of' if offset > 0 else 'behind'} the authority's"]
    elif seen.tokens:
        yield "Clock", ["no difference worth a warning"]
    if account and account["tenant_id"]:
        yield "Tenant", [name_of(account["tenant_id"])]
    if account and account["client_id"]:
        yield "App", [name_of(account["client_id"])]


def _renewal(seen: Seen) -> Iterator[tuple[str, list[Part]]]:
    wake_on, budget = seen.status["next_turn_on"], seen.status["outage_budget_seconds"]
    if wake_on is not None:
        seconds = wake_on - seen.now
        words: list[Part] = ["now"]
        if seconds > 0:
            words = ["in ", lasting(seconds, wake_on), ", at ", instant(wake_on)]
        yield "Next renewal" if seen.tokens else "Next try", words
    ready_until = seen.found.ready_until
    if budget is None or ready_until is None:
        return
    away: list[Part] = ["may be away for ", lasting(budget, ready_until)]
    if budget <= 0:
        away = ["readiness is red for ", lasting(budget, ready_until)]
    yield "Authority", away


def _next_signin(seen: Seen) -> list[Part]:
    if seen.prompt:
        return ["asked for now"]
    asked_on = seen.status["next_prompt_on"]
    if asked_on is not None:
        seconds = max(asked_on - seen.now, 0)
        return ["asked for in ", lasting(seconds, asked_on), ", ", instant(asked_on, date=True)]
    if seen.status["account"] is None:
        return ["when ", element("code", "refresh"), " or ", element("code", "signin"), " runs"]
    expected = expectation(seen.found.journal.session)
    if expected is None:
        return ["when the authority demands it; no end is known"]
    known = "as the authority said" if expected.known == TOLD else "as the last one lasted"
    return ["before ", instant(expected.ends_on, date=True), ", ", known]


def _loop(seen: Seen) -> list[Part]:
    age = seen.beat_seconds_ago
    if age is None:
        return ["has not run here"]
    if seen.beating:
        return ["alive"]
    return [element("strong", f"no heartbeat for {span(age)}", class_="bad")]

"""Each token: its life as it passes, and what went wrong."""

from __future__ import annotations

import re

from sidecar.core.advice import BY_NUMBER
from sidecar.core.status_words import granted
from sidecar.core.time_words import span
from sidecar.errors import ERROR_PAGE
from sidecar.serve.page.html import Html, Part, element, foreign, instant, joined, lasting, name_of
from sidecar.serve.page.seen import Seen, Token

FEW, MANY = 4, 12

LONG = 1000
"""Units of a bar's length."""

_NUMBER = re.compile(r"AADSTS(\d{4,7})")


def tokens(seen: Seen) -> Html:
    """The unpublished and the failing first."""
    if not seen.tokens:
        body = element("p", "None is published yet.", class_="muted empty")
    else:
        body = element(
            "ul", *(_token(token, seen.now) for token in seen.tokens), class_=_layout(len(seen.tokens))
        )
    count = element("span", str(len(seen.tokens)), class_="count") if len(seen.tokens) > 1 else ""
    title = element("h2", "Tokens" if len(seen.tokens) != 1 else "Token", " ", count, id="tokens-title")
    return element("section", title, body, id="tokens", aria_labelledby="tokens-title")


def _layout(number: int) -> str:
    """A few have a line each; of many as much as possible is seen at once."""
    return "few" if number <= FEW else "many" if number > MANY else "some"


def advice(message: str) -> Html:
    """What to do about an error of Entra's, by the number in its words; empty if it is none that is known."""
    found = _NUMBER.search(message)
    row = BY_NUMBER.get(int(found[1])) if found else None
    if found is None or row is None:
        return Html("")
    more: list[Part] = [element("code", f"{ERROR_PAGE}#aadsts-{found[1]}", class_="name")]
    for source in row.source[:1]:
        link = element("a", "Microsoft's page", href=source, target="_blank", rel="noopener noreferrer")
        more += [", ", link]
    what = element("p", element("strong", "What to do: "), row.advice)
    return joined([what, element("p", "More: ", *more, class_="muted")])


def _token(token: Token, now: float) -> Html:
    tone, word = _verdict(token)
    head = element(
        "div",
        element("h3", name_of(token.name)),
        element("span", word, class_=f"badge {tone}"),
        class_="row",
    )
    audience = element("p", name_of(token.audience), class_="audience") if token.audience else ""
    told = _trouble(token, now)
    kind = "card token troubled" if told else "card token"
    return element("li", head, audience, *_life(token, tone), *told, class_=kind)


def _verdict(token: Token) -> tuple[str, str]:
    if not token.published:
        return "bad", "not published"
    if not token.live:
        return "bad", "expired"
    if token.record.waits:
        return "warn", "needs a sign-in"
    return ("warn", "renewal failing") if token.record.failures else ("good", "live")


def _life(token: Token, tone: str) -> list[Part]:
    if token.expires_on is None:
        return [element("p", "When it expires is not known.")] if token.published else []
    left, until = lasting(token.remaining_seconds, token.expires_on), instant(token.expires_on)
    if not token.live:
        return [_bar(token, tone), element("p", "Expired ", left, " ago, at ", until)]
    whole = f" of {span(granted(token.life_seconds))}" if token.life_seconds else ""
    return [
        _bar(token, tone),
        element("p", element("strong", left, " left"), whole, ", until ", until),
    ]


def _bar(token: Token, tone: str) -> Html:
    """Full when it was granted, empty when it expires; a notch where it is renewed. The words beside it say
    the same.
    """
    life = token.life_seconds
    share = min(max(token.remaining_seconds / life, 0.0), 1.0) if life else float(token.live)
    notch: Part = ""
    if life and token.due_on is not None and token.expires_on is not None:
        at = (token.expires_on - token.due_on) / life
        if 0.02 < at < 0.98:
            notch = element("rect", class_="notch", x=round(at * LONG), width=6, height=10)
    left = element(
        "rect",
        class_="left",
        width=round(share * LONG),
        height=10,
        data_until=token.expires_on if life else None,
        data_life=life,
    )
    return element(
        "svg",
        left,
        notch,
        class_=f"bar {tone}",
        viewBox=f"0 0 {LONG} 10",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _trouble(token: Token, now: float) -> list[Part]:
    record = token.record
    if not record.failures:
        return []
    message = record.error or "It failed, and nobody said why."
    since: list[Part] = []
    if record.failed_on is not None:
        since = ["Failing since ", instant(record.failed_on, date=now - record.failed_on > 86400)]
        since.append(f", {record.failures} times. " if record.failures > 1 else ". ")
    if record.waits:
        since.append("It is renewed after the next sign-in.")
    elif record.retry_on > now:
        since += ["Tried again in ", lasting(record.retry_on - now, record.retry_on), "."]
    else:
        since.append("Tried again now.")
    said = element("p", foreign(message), class_="error")
    again = element("p", *since, class_="muted")
    return [element("div", said, advice(message), again, class_="trouble")]

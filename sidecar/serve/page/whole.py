"""The whole page out of its parts."""

from __future__ import annotations

import time

from sidecar.serve.page.facts import facts
from sidecar.serve.page.happened import happened
from sidecar.serve.page.html import Html, element, joined, moment
from sidecar.serve.page.seen import seen
from sidecar.serve.page.signin import signin
from sidecar.serve.page.state import icon, mark, state_of
from sidecar.serve.page.tokens import tokens
from sidecar.status import Found

REFRESH_SECONDS = 10
"""Without scripts; with them the parts that change are replaced, every 5 s while a prompt is open."""

NAME = "Entra token sidecar"


def rendered(found: Found, *, boot: float, version: str = "") -> bytes:
    """The page as it is sent; `boot` is of the boot clock, `version` of style sheet and script."""
    looked = seen(found, boot=boot)
    state = state_of(looked)
    prompt = looked.prompt
    title = f"{state.title} – {prompt.host if prompt and prompt.host else NAME}"
    stamp = time.strftime("%H:%M:%S UTC", time.gmtime(found.now))
    again = element("noscript", element("meta", http_equiv="refresh", content=REFRESH_SECONDS))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("title", title),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="robots", content="noindex"),
        # Longer than any text of the page; made of words of ours.
        Html(f'<link rel="icon" href="{icon(state.tone)}"/>'),
        element("link", rel="stylesheet", href=f"page.css?{version}"),
        again,
        element("script", src=f"page.js?{version}", defer=True),
    )
    header = element(
        "header",
        element(
            "p",
            element("span", NAME, class_="wordmark"),
            element("span", "as of ", moment(stamp, found.now), class_="muted"),
            class_="row",
        ),
        element(
            "div",
            mark(state.tone),
            element("div", element("h1", state.title), element("p", state.words)),
            id="state",
            class_=state.tone,
            aria_live="polite",
        ),
        element("p", id="stale", role="status", hidden=True),
    )
    body = element(
        "body",
        header,
        element(
            "main",
            signin(looked),
            element("div", tokens(looked), facts(looked), happened(looked), class_="columns"),
        ),
        data_now=f"{found.now:.3f}",
        data_every=5 if prompt else REFRESH_SECONDS,
    )
    return f"<!doctype html>{joined([element('html', head, body, lang='en')])}".encode()

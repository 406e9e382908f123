"""The one sentence that stands above everything, in the title and in the colour of the icon."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from sidecar.serve.page.html import Html, element
from sidecar.serve.page.seen import Seen

GOOD, WAIT, WARN, BAD, IDLE = "good", "wait", "warn", "bad", "idle"
"""Tones; the style sheet has a colour for each."""

NOBODY, STOPPED = "Nobody is signed in", "The refresh loop has stopped"

_MARKS = {
    GOOD: "M7 12.5l3.5 3.5L17 9",
    WAIT: "M12 7v6M12 16.5v.5",
    WARN: "M12 7v6M12 16.5v.5",
    BAD: "M8 8l8 8M16 8l-8 8",
    IDLE: "M8 12h8",
}
_ICON_COLOURS = {GOOD: "#1b7a4b", WAIT: "#1f5fae", WARN: "#a86a00", BAD: "#b3261e", IDLE: "#667085"}


@dataclass(frozen=True)
class State:
    """`words` never holds a running time: it is read out whenever it changes."""

    tone: str
    title: str
    words: str


def state_of(seen: Seen) -> State:
    """The worst of what is true; what somebody can act on comes first."""
    tokens = seen.tokens
    live = [token for token in tokens if token.live]
    dead = [token for token in tokens if not token.live]
    failing = [token for token in live if token.record.failures]
    if seen.prompt:
        if live and not dead:
            return State(WAIT, "Sign-in needed", "Your tokens still work; signing in now keeps it so.")
        return State(WAIT, "Sign-in needed", "Apps wait until somebody has signed in.")
    if seen.status["signin_needed"]:
        return State(WARN, "Sign-in needed soon", "A token can only be renewed after a new sign-in.")
    if dead:
        gone = [token for token in dead if token.published]
        if gone:
            title = (
                "The token has expired" if len(tokens) == 1 else _several(len(gone), "expired", "has", "have")
            )
            return State(BAD, title, "Apps that use it are refused until it is renewed.")
        title = "No token is published" if not live else _several(len(dead), "not published", "is", "are")
        return State(BAD if not live else WARN, title, "What stands in the way is said below.")
    if not tokens:
        if seen.status["next_prompt_on"] is not None:
            return State(IDLE, NOBODY, "No token is published. When people are asked is below.")
        return State(IDLE, NOBODY, "No token is published, and nobody is asked to sign in.")
    if seen.beat_seconds_ago is not None and not seen.beating:
        return State(WARN, STOPPED, "The tokens work until they expire; nobody renews them.")
    if failing:
        return State(WARN, "A renewal is failing", "The tokens still work, and it is tried again.")
    if len(tokens) == 1:
        return State(GOOD, "The token is live", "Nothing has to be done.")
    return State(GOOD, f"All {len(tokens)} tokens are live", "Nothing has to be done.")


def mark(tone: str) -> Html:
    """A sign that does not need its colour."""
    return element(
        "svg",
        element("circle", cx=12, cy=12, r=11),
        element("path", d=_MARKS[tone]),
        class_="mark",
        viewBox="0 0 24 24",
        aria_hidden="true",
    )


def icon(tone: str) -> str:
    """The same as an address, for the tab."""
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
        f'<circle cx="12" cy="12" r="12" fill="{_ICON_COLOURS[tone]}"/>'
        f'<path d="{_MARKS[tone]}" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/>'
        "</svg>"
    )
    return f"data:image/svg+xml,{urllib.parse.quote(drawing)}"


def _several(number: int, what: str, one: str, more: str) -> str:
    return f"A token {one} {what}" if number == 1 else f"{number} tokens {more} {what}"

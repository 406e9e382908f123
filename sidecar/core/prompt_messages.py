"""The prompt and its end as chat messages: one function for each format, record in, JSON-able out.

Slack: docs.slack.dev, "Formatting message text" (what is escaped) and "Block Kit" (limits). Teams:
learn.microsoft.com, "Create incoming webhooks with Workflows", and the schema of Adaptive Cards 1.4.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from sidecar.core.time_words import utc

Record = Mapping[str, object]
Message = Callable[[Record, float], dict[str, Any]]
"""Of a record, and the seconds since 1970 that it is now."""

ISSUED = "signin.code_issued"
VALUE_MAX = 300
"""Characters of one field; escaped five times as many, below Slack's 2000 for a field."""
LINK_MAX, CODE_MAX = 500, 80
"""Both, escaped, fit into the 3000 of a section."""

FACTS = {
    "Sign in as": "awaited",
    "Asked by": "host",
    "For": "purpose",
    "Why": "reason",
    "Phrase": "phrase",
    "App": "client_id",
    "Tenant": "tenant_id",
}
WARNING = "Sign in only if you started this yourself."
ENDS = {
    "completed": "Signed in",
    "expired": "The code has expired; another one follows",
    "declined": "The sign-in was declined",
    "rejected": "Somebody signed in who is not allowed; another code follows",
    "timed_out": "Nobody signed in in time",
    "failed": "The sign-in has failed",
    "cancelled": "The sign-in was cancelled",
}


def as_json(record: Record, _now: float) -> dict[str, Any]:
    """The record itself, as it stands in the log."""
    return dict(record)


def as_slack(record: Record, now: float) -> dict[str, Any]:
    """For an incoming webhook. These cannot change a message, so that the end is one of its own."""
    if record["event"] != ISSUED:
        end = _for_slack(end_words(record))
        about = " · ".join(f"{name}: {_for_slack(value)}" for name, value in _facts(record))
        return {"text": end, "blocks": [_section(end), *([_context(about)] if about else [])]}
    link, code = _slack_link(record), _for_slack(_text(record, "user_code", CODE_MAX)).replace("`", "'")
    expires_on, words = _expiry(record, now)
    until = f"<!date^{expires_on}^{{time}}|{utc(expires_on)}>"
    fields = [_mrkdwn(f"*{name}*\n{_for_slack(value)}") for name, value in _facts(record)]
    return {
        "text": f"Sign-in needed: open {link} and enter {code}",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Sign-in needed"}},
            _section(f"1. Open {link}\n2. Enter `{code}`"),
            *([{"type": "section", "fields": fields}] if fields else []),
            _context(f"Valid for {words}, until {until}. {WARNING}"),
        ],
    }


def as_teams(record: Record, now: float) -> dict[str, Any]:
    """For a workflow with the trigger "When a Teams webhook request is received". What a person copies is in
    a RichTextBlock, which knows no Markdown.
    """
    facts = [{"title": name, "value": _for_teams(value)} for name, value in _facts(record)]
    fact_set = [{"type": "FactSet", "facts": facts}] if facts else []
    if record["event"] != ISSUED:
        return _card([{"type": "TextBlock", "text": _for_teams(end_words(record)), "wrap": True}, *fact_set])
    url, code = _text(record, "verification_uri", LINK_MAX), _text(record, "user_code", CODE_MAX)
    expires_on, words = _expiry(record, now)
    until = _instant(expires_on)
    body: list[dict[str, Any]] = [
        {"type": "TextBlock", "text": "Sign-in needed", "size": "Large", "weight": "Bolder", "wrap": True},
        _verbatim("1. Open ", url),
        _verbatim("2. Enter ", code, fontType="Monospace", weight="Bolder", size="Large"),
        *fact_set,
        {
            "type": "TextBlock",
            "text": f"Valid for {words}, until {until}. {WARNING}",
            "isSubtle": True,
            "wrap": True,
        },
    ]
    target = _target(record)
    return _card(body, [{"type": "Action.OpenUrl", "title": "Open", "url": target}] if target else [])


FORMATS: dict[str, Message] = {"json": as_json, "slack": as_slack, "teams": as_teams}
"""By the values of SIDECAR_PROMPT_WEBHOOK_FORMAT."""


def _facts(record: Record) -> list[tuple[str, str]]:
    """What helps a person to tell this prompt from another, and from a stranger's."""
    found = [(title, _text(record, key)) for title, key in FACTS.items()]
    return [(title, value) for title, value in found if value]


def end_words(record: Record) -> str:
    """How a prompt ended, in a sentence."""
    words = ENDS.get(_text(record, "outcome"), "The prompt is closed")
    username = _text(record, "username")
    return f"{words} as {username}." if username and record["outcome"] == "completed" else f"{words}."


def _text(record: Record, key: str, longest: int = VALUE_MAX) -> str:
    value = record.get(key)
    text = "" if value is None else str(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _target(record: Record) -> str | None:
    """Where a link leads; None for what no chat should open, as it is the authority that says it."""
    for key in ("verification_uri_complete", "verification_uri"):
        url = str(record.get(key) or "")
        if re.fullmatch(r"https?://[!-~]+", url) and len(url) <= LINK_MAX:
            return url
    return None


def _expiry(record: Record, now: float) -> tuple[int, str]:
    instant = record.get("expires_on")
    expires_on = instant if isinstance(instant, int) else int(now)
    return expires_on, f"{max(round((expires_on - now) / 60), 1)} min"


def _for_slack(text: str) -> str:
    """The three characters of Slack's own markup; with them gone nobody is called with `<!channel>`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack_link(record: Record) -> str:
    url = _text(record, "verification_uri", LINK_MAX)
    if re.fullmatch(r"https?://[!-~]+", url):
        return f"<{_for_slack(url).replace('|', '%7C')}>"
    return _for_slack(url)


def _mrkdwn(text: str) -> dict[str, Any]:
    """`verbatim`: nothing in it becomes a link or a name by itself."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _for_teams(text: str) -> str:
    """Without Markdown, and without the card's own functions: `{{DATE(...)}}`."""
    escaped = re.sub(r"([\\`*_\[\]{}<>~|])", r"\\\1", text)
    return re.sub(r"^(\s*\d*)([-+#.)])(?=[\s#]|$)", r"\1\\\2", escaped)


def _instant(expires_on: int) -> str:
    """By the reader's own clock and language (learn.microsoft.com, "Text features")."""
    try:
        return time.strftime("{{TIME(%Y-%m-%dT%H:%M:%SZ)}}", time.gmtime(expires_on))
    except (OverflowError, ValueError, OSError):
        return utc(expires_on)


def _verbatim(label: str, text: str, **style: str) -> dict[str, Any]:
    runs = [{"type": "TextRun", "text": label}, {"type": "TextRun", "text": text, **style}]
    return {"type": "RichTextBlock", "inlines": runs}


def _card(body: list[dict[str, Any]], actions: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        **({"actions": actions} if actions else {}),
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}

"""Who is signed in, how long each token lives, what comes next: read from files, without the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.adapters.token_dir import Document
from sidecar.core.journal import Journal
from sidecar.core.oauth_answer import printable
from sidecar.core.time_words import span, utc, utc_date


@dataclass(frozen=True)
class Found:
    """What the two directories say; `prompt` is the open one."""

    published: Mapping[str, Document]
    journal: Journal
    prompt: Mapping[str, object] | None
    now: float


def report(found: Found) -> dict[str, Any]:
    """The status for programs: every key always present, None where unknown. No token is in it."""
    first = next(iter(found.published.values()), None)
    attempts = found.journal.tokens
    failing = [record for record in (*attempts.values(), found.journal.signin) if record.failures]
    latest = max(failing, key=lambda record: record.failed_on or 0, default=None)
    return {
        "account": first
        and {name: first.get(name) for name in ("username", "object_id", "tenant_id", "client_id")},
        "tokens": {
            name or "token": {
                "expires_on": document.get("expires_on"),
                "remaining_seconds": _remaining(document, found.now),
                "live": _remaining(document, found.now) > 0,
                "scope": document.get("scope"),
                "failures": attempts[name].failures if name in attempts else 0,
            }
            for name, document in found.published.items()
        },
        "next_turn_on": found.journal.wake_on,
        "last_error": latest and {"message": latest.error, "since": latest.failed_on},
        "prompt": found.prompt,
        "next_prompt_on": found.journal.prompt_on,
        "signin_needed": any(record.waits for record in attempts.values()),
    }


def table(status: Mapping[str, Any], *, now: float) -> str:
    """The same for people, within 80 columns as far as names allow."""
    account = status["account"]
    name = (account["username"] or account["object_id"] or "unknown") if account else "nobody"
    rows = [("signed in", name)]
    for name, token in status["tokens"].items():
        left = span(token["remaining_seconds"])
        state = f"live, {left} left" if token["live"] else f"EXPIRED {left} ago"
        rows.append((printable(name, 63), f"{state} (until {utc(token['expires_on'])})"))
    if not status["tokens"]:
        rows.append(("token", "none published"))
    if status["next_turn_on"] is not None:
        seconds = int(status["next_turn_on"] - now)
        rows.append(("next turn", f"in {span(seconds)}" if seconds > 0 else "now"))
    if status["last_error"]:
        rows.append(
            ("last error", f"{status['last_error']['message']} (since {utc(status['last_error']['since'])})")
        )
    if status["prompt"]:
        prompt = status["prompt"]
        rows.append(("sign-in", f"NEEDED: open {prompt['verification_uri']} and enter {prompt['user_code']}"))
    elif status["next_prompt_on"] is not None:
        on, needed = status["next_prompt_on"], "NEEDED: asked for" if status["signin_needed"] else "asked for"
        rows.append(("sign-in", f"{needed} in {span(max(on - now, 0))} ({utc_date(on)})"))
    width = max(len(label) for label, _ in rows)
    return "".join(f"{label:<{width}}  {printable(text, 500)}\n" for label, text in rows)


def _remaining(document: Document, now: float) -> int:
    expires_on = document.get("expires_on")
    return int(expires_on - now) if isinstance(expires_on, int) and abs(expires_on) < 10**12 else 0

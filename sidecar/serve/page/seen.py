"""What the page shows, taken from what was found: every value of a type that can be relied on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.core.health import HEARTBEAT_MAX_SECONDS
from sidecar.core.published import instant
from sidecar.core.schedule import Attempts
from sidecar.status import Found, report


@dataclass(frozen=True)
class Token:
    """One that is published, or that could not be so far. Seconds are those that are left, and those that
    were granted.
    """

    name: str
    audience: str
    expires_on: int | None
    remaining_seconds: int
    life_seconds: int | None
    due_on: int | None
    record: Attempts
    published: bool

    @property
    def live(self) -> bool:
        """Whether an app that reads it now can use it."""
        return self.published and self.remaining_seconds > 0


@dataclass(frozen=True)
class Prompt:
    """The open one; texts are empty where nothing was said."""

    verification_uri: str
    link: str
    """With the code in it, if the authority gave such an address."""
    user_code: str
    expires_on: int | None
    phrase: str
    host: str
    purpose: str
    reason: str
    message: str
    client_id: str
    tenant_id: str
    scopes: tuple[str, ...]
    awaited: str = ""
    """The one person who would be let in, if that is known."""


@dataclass(frozen=True)
class Seen:
    """`status` is the report for programs; `beat_seconds_ago` None where no loop has run since the machine
    started.
    """

    found: Found
    status: Mapping[str, Any]
    tokens: tuple[Token, ...]
    prompt: Prompt | None
    beat_seconds_ago: float | None

    @property
    def beating(self) -> bool:
        """Whether a loop runs, as far as its last sign of life tells."""
        return self.beat_seconds_ago is not None and self.beat_seconds_ago <= HEARTBEAT_MAX_SECONDS

    @property
    def now(self) -> float:
        """Of the machine that answers."""
        return self.found.now


def seen(found: Found, *, boot: float) -> Seen:
    """Look at it once; `boot` is what the boot clock reads."""
    status = report(found, boot=boot)
    return Seen(
        found=found,
        status=status,
        tokens=_tokens(found, status),
        prompt=_prompt(status["prompt"], found.now),
        beat_seconds_ago=found.beat_seconds_ago(boot),
    )


def _tokens(found: Found, status: Mapping[str, Any]) -> tuple[Token, ...]:
    """Those in trouble first."""
    failing = (name for name, record in found.tried.items() if record.failures)
    names = {*found.published, *failing}
    made = [_token(name, found, status, alone=len(names) == 1) for name in names]
    return tuple(sorted(made, key=lambda token: (token.live and not token.record.failures, token.name)))


def _token(name: str, found: Found, status: Mapping[str, Any], *, alone: bool) -> Token:
    shown = name or "token"
    document = found.published.get(name, {})
    told: Mapping[str, Any] = status["tokens"].get(shown, {}) if name in found.published else {}
    due = instant(document.get("refresh_on"))
    if due is None and alone:
        due = found.journal.wake_on
    return Token(
        name=shown,
        audience=_text(document.get("resource")) or _text(document.get("scope")),
        expires_on=told.get("expires_on"),
        remaining_seconds=told.get("remaining_seconds", 0),
        life_seconds=told.get("life_seconds"),
        due_on=due,
        record=found.journal.tokens.get(name, Attempts()),
        published=name in found.published,
    )


def _prompt(record: object, now: float) -> Prompt | None:
    """None too once its code has expired: a turn that was killed leaves one behind."""
    if not isinstance(record, dict):
        return None
    expires_on = instant(record.get("expires_on"))
    if expires_on is not None and expires_on <= now:
        return None
    scopes = record.get("scopes")
    uri = _text(record.get("verification_uri"))
    return Prompt(
        verification_uri=uri,
        link=_text(record.get("verification_uri_complete")) or uri,
        user_code=_text(record.get("user_code")),
        expires_on=expires_on,
        scopes=tuple(map(_text, scopes[:20])) if isinstance(scopes, list) else (),
        **{
            name: _text(record.get(name))
            for name in ("phrase", "host", "purpose", "reason", "message", "client_id", "tenant_id")
        },
        awaited=_text(record.get("awaited")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

"""Who is signed in, how long each token lives, what comes next: read from files, without the key."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.adapters.state_dir import StateDirectory
from sidecar.adapters.token_dir import Document, TokenDirectory
from sidecar.core.history import History
from sidecar.core.journal import Journal
from sidecar.core.kubernetes import shared_record
from sidecar.core.kubernetes.copies import Copies, Copy
from sidecar.core.kubernetes.shared_record import Record
from sidecar.core.published import instant
from sidecar.core.schedule import Attempts
from sidecar.kubernetes.record_file import known

VERSION = 1
"""Of the report; keys may be added without a new one."""


@dataclass(frozen=True)
class Found:
    """What the two directories say; `prompt` is the open one. `ready_until` is when readiness turns red if
    nothing is renewed, None before anything was published; `live_until` the same for the startup probe.
    `heartbeat` is a second of the boot clock; `copies` are the Secrets that tokens are published to, and
    `shared` is what is known of the shared state.
    """

    published: Mapping[str, Document]
    journal: Journal
    prompt: Mapping[str, object] | None
    now: float
    ready_until: int | None = None
    history: History = field(default_factory=History)
    live_until: int | None = None
    heartbeat: int | None = None
    copies: Copies = field(default_factory=dict)
    shared: Record | None = None

    @property
    def tried(self) -> dict[str, Attempts]:
        """The records of tokens that somebody misses. What was asked for on demand in vain is the trouble of
        who asked: they were told why, and nobody tries again.
        """
        return {name: record for name, record in self.journal.tokens.items() if not record.on_demand}

    def beat_seconds_ago(self, boot: float) -> float | None:
        """Since the last sign of life; None if there is none, or it is of another boot and in the future.
        `boot` is what the boot clock reads.
        """
        age = -1.0 if self.heartbeat is None else boot - self.heartbeat
        return age if age > -1 else None


def found_in(token_dir: TokenDirectory, state: StateDirectory, *, now: float) -> Found:
    """Look. Nothing is locked: every file is whole whenever it is read."""
    return Found(
        published=token_dir.published(),
        journal=state.journal(),
        prompt=state.prompt(),
        now=now,
        ready_until=state.ready_until(),
        history=state.history(),
        live_until=state.live_until(),
        heartbeat=state.heartbeat(),
        copies=state.copies(),
        shared=known(state.path),
    )


def report(found: Found, *, boot: float) -> dict[str, Any]:
    """The status for programs: every key always present, None where unknown, every number one that JSON and
    a program can hold. No token is in it. `boot` is the second of the boot clock.
    """
    beat_seconds_ago = found.beat_seconds_ago(boot)
    first = next(iter(found.published.values()), None)
    records = (*found.tried.values(), found.journal.signin)
    latest = max(
        (record for record in records if record.failures),
        key=lambda record: record.failed_on or 0,
        default=None,
    )
    shown = bool(found.published) and bool(found.ready_until)
    told = {
        "version": VERSION,
        "now": int(found.now),
        "account": None
        if first is None
        else {name: _text(first.get(name)) for name in ("username", "object_id", "tenant_id", "client_id")},
        "tokens": {
            name or "token": _token(
                found.published.get(name, {}), found.journal.tokens.get(name, Attempts()), found.now
            )
            for name in dict.fromkeys((*found.published, *found.tried))
        },
        "secrets": {name: _copy(copy, found.now) for name, copy in found.copies.items()},
        "heartbeat_seconds": None if beat_seconds_ago is None else int(beat_seconds_ago),
        "next_turn_on": found.journal.wake_on,
        "outage_budget_seconds": int((found.ready_until or 0) - found.now) if shown else None,
        "last_error": latest and {"message": latest.error, "since": latest.failed_on},
        "prompt": found.prompt,
        "next_prompt_on": found.journal.prompt_on,
        "shared_state": shared_record.report(found.shared) if found.shared and found.shared.secret else None,
        "signin_needed": any(record.waits for record in found.journal.tokens.values()),
    }
    clean: dict[str, Any] = _representable(told)
    return clean


def _token(document: Document, attempts: Attempts, now: float) -> dict[str, Any]:
    """Its life counts from when it was obtained, as the journal has it: the document does not say, and is
    empty where nothing is published yet.
    """
    expires_on = instant(document.get("expires_on"))
    remaining = int(expires_on - now) if expires_on is not None else 0
    life = (expires_on or 0) - attempts.succeeded_on
    return {
        "expires_on": expires_on,
        "remaining_seconds": remaining,
        "life_seconds": life if attempts.succeeded_on and life >= max(remaining, 1) else None,
        "live": remaining > 0,
        "scope": _text(document.get("scope")),
        "published": bool(document),
        "failures": attempts.failures,
        "error": attempts.error if attempts.failures else None,
        "failing_since": attempts.failed_on if attempts.failures else None,
        "retry_on": attempts.retry_on or None if attempts.failures else None,
    }


def _copy(copy: Copy, now: float) -> dict[str, Any]:
    """A Secret, as it had its tokens when it was read or written last."""
    return {
        "expires_on": copy.expires_on or None,
        "remaining_seconds": int(copy.expires_on - now) if copy.expires_on else 0,
        "live": copy.expires_on > now,
        "published_on": copy.written_on,
        "failures": copy.failures,
        "error": copy.error,
        "failing_since": copy.failed_on,
        "retry_on": copy.retry_on or None if copy.failures else None,
        "withdrawal_owed": copy.withdrawal_owed,
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _representable(value: Any) -> Any:
    """Without the numbers that JSON (RFC 8259 section 6) or a double does not have: a damaged file may hold
    any.
    """
    if isinstance(value, dict):
        return {str(key): _representable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_representable(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) >= 2**53:
        return None
    return value

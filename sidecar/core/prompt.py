"""The prompt, its record for programs and its line for the probes; `banner` is its form for people."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sidecar.core.device_code import DeviceAuthorization
from sidecar.core.printable import printable
from sidecar.core.time_words import utc

VERSION = 1
"""Of the records; keys may be added without a new one."""


@dataclass(frozen=True)
class Prompt:
    """All that a person needs in order to decide whether to sign in here."""

    verification_uri: str
    verification_uri_complete: str | None
    user_code: str
    expires_on: int
    tenant: str | None
    client_id: str
    scopes: tuple[str, ...]
    where: str
    """The pod or host that asks."""
    phrase: str = ""
    """Some random words, the same wherever this sign-in is spoken of."""
    purpose: str | None = None
    """What the sign-in is for, in the words of those who set it up."""
    reason: str | None = None
    """Why it is needed now."""
    awaited: str | None = None
    """Who has to sign in, where nobody else may."""
    message: str | None = None
    """The authority's own words, in the language asked for."""
    localised: bool = False
    """Whether one was asked for: then people are shown them."""


class Outcome(enum.Enum):
    """How a prompt ended."""

    COMPLETED = "completed"
    EXPIRED = "expired"
    """Its code; another prompt follows."""
    DECLINED = "declined"
    REJECTED = "rejected"
    """Somebody signed in who is not allowed; another prompt follows."""
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """TERM or INT came, or another replica has taken over."""


def prompt_for(
    authorization: DeviceAuthorization,
    *,
    tenant: str | None,
    client_id: str,
    scopes: tuple[str, ...],
    where: str,
    phrase: str = "",
    purpose: str | None = None,
    reason: str | None = None,
    awaited: str | None = None,
    localised: bool = False,
) -> Prompt:
    """Everything from outside is made safe to print here, once."""
    complete = authorization.verification_uri_complete
    return Prompt(
        verification_uri=printable(authorization.verification_uri, 500),
        verification_uri_complete=printable(complete, 500) if complete else None,
        user_code=printable(authorization.user_code, 40),
        expires_on=authorization.expires_on,
        tenant=tenant,
        client_id=client_id,
        scopes=scopes,
        where=printable(where, 200),
        phrase=phrase,
        purpose=printable(purpose, 200) or None,
        reason=reason,
        awaited=printable(awaited, 200) or None,
        localised=localised,
        message=printable(authorization.message, 500) or None,
    )


def withdrawal(prompt: Prompt, outcome: Outcome, *, username: str | None = None) -> dict[str, object]:
    """The end of a prompt, for the faces that were shown it."""
    return {
        "event": "signin.withdrawn",
        "version": VERSION,
        "outcome": outcome.value,
        "username": username,
        "phrase": prompt.phrase,
        "user_code": prompt.user_code,
        "host": prompt.where,
        "purpose": prompt.purpose,
    }


def record(prompt: Prompt) -> dict[str, object]:
    """The machine-readable line and `prompt.json`: one event, stable keys."""
    return {
        "event": "signin.code_issued",
        "version": VERSION,
        "verification_uri": prompt.verification_uri,
        "verification_uri_complete": prompt.verification_uri_complete,
        "user_code": prompt.user_code,
        "expires_on": prompt.expires_on,
        "tenant_id": prompt.tenant,
        "client_id": prompt.client_id,
        "scopes": list(prompt.scopes),
        "host": prompt.where,
        "phrase": prompt.phrase,
        "purpose": prompt.purpose,
        "reason": prompt.reason,
        "awaited": prompt.awaited,
        "message": prompt.message,
    }


def probe_line(prompt: Prompt) -> str:
    """For the probes: the kubelet makes it an Event."""
    phrase = f" ({prompt.phrase})" if prompt.phrase else ""
    return (
        f"sign-in needed: open {prompt.verification_uri} and enter {prompt.user_code} "
        f"before {utc(prompt.expires_on)}{phrase}"
    )

"""The prompt in its three forms: a record for programs, a banner for people, a line for the probes."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sidecar.core.device_code import DeviceAuthorization
from sidecar.core.oauth_answer import printable
from sidecar.core.time_words import utc

WIDTH = 66
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
    message: str | None = None
    """The authority's own words, in the language asked for."""


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
    """TERM or INT came."""


def prompt_for(
    authorization: DeviceAuthorization,
    *,
    tenant: str | None,
    client_id: str,
    scopes: tuple[str, ...],
    where: str,
    reason: str | None = None,
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
        where=printable(where, 100),
        reason=reason,
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
        "message": prompt.message,
    }


def banner(prompt: Prompt, *, now: float) -> str:
    """For people: narrow enough for the names that tools put in front of each line; the address and the
    code stand alone, so that they can be selected.
    """
    minutes = max(round((prompt.expires_on - now) / 60), 1)
    rule = "=" * WIDTH
    rows = [
        "",
        rule,
        "  SIGN-IN NEEDED",
        "",
        f"  1. Open   {prompt.verification_uri}",
        f"  2. Enter  {prompt.user_code}",
        "",
        f"  The code is valid for {minutes} min, until {utc(prompt.expires_on)}.",
        f"  Asked by  {prompt.where}",
        f"  App       {prompt.client_id}",
    ]
    if prompt.tenant:
        rows.append(f"  Tenant    {prompt.tenant}")
    rows += [f"  {'Scopes' if i == 0 else '':<8}  {scope}" for i, scope in enumerate(prompt.scopes)]
    rows += [
        "",
        "  Sign in only if you started this yourself.",
        rule,
        "",
    ]
    return "\n".join(rows) + "\n"


def probe_line(prompt: Prompt) -> str:
    """For the probes: the kubelet makes it an Event."""
    return (
        f"sign-in needed: open {prompt.verification_uri} and enter {prompt.user_code} "
        f"before {utc(prompt.expires_on)}"
    )

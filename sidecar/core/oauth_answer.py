"""Reading the JSON answers of an OAuth endpoint: nothing in them is trusted to have its type."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from sidecar.core.entra_errors import Action, diagnose
from sidecar.errors import (
    AuthorityBusy,
    AuthorityMisconfigured,
    AuthorityUnreachable,
    SidecarError,
    SigninRequired,
)

ODD = -(10**9)
"""Stands for a duration that is none."""


def refusal(answer: Mapping[str, Any]) -> SidecarError:
    """The class that an OAuth error answer stands for (RFC 6749 section 5.2)."""
    error = printable(answer.get("error"), 60) or "no error given"
    numbers = answer.get("error_codes")
    codes = [code for code in numbers if type(code) is int] if isinstance(numbers, list) else []
    diagnosis = diagnose(error, codes=codes)
    # Entra's description is one sentence, then trace id, correlation id and time, which have fields
    # of their own here.
    description = printable(str(answer.get("error_description") or "").split("Trace ID")[0], 300)
    fields = {
        "error": error,
        "suberror": printable(answer.get("suberror"), 60) or None,
        "aadsts": ",".join(map(str, codes)) or None,
        "correlation_id": printable(answer.get("correlation_id"), 60) or None,
        "authority_time": printable(answer.get("timestamp"), 30) or None,
    }
    message = f"{error}: {description}" if description else error
    known = {name: value for name, value in fields.items() if value}
    if diagnosis.action is Action.RETRY:
        return AuthorityBusy(message, retry_after=None, advice=diagnosis.advice, **known)
    kind = SigninRequired if diagnosis.action is Action.SIGN_IN else AuthorityMisconfigured
    return kind(message, advice=diagnosis.advice, **known)


def discovery_refusal(answer: Mapping[str, Any], *, url: str, status: int) -> SidecarError:
    """The error for a discovery document that is refused. Only what says that the tenant or issuer does
    not exist is a matter of configuration; a proxy may say no in JSON too.
    """
    said = refusal(answer)
    host = url.split("/")[2] if url.count("/") > 2 else url
    if status == 404 or isinstance(said, AuthorityMisconfigured):
        known = isinstance(said, AuthorityMisconfigured)
        advice = said.advice if known else "Compare the authority's URL with the provider's documentation."
        return AuthorityMisconfigured(f"{host}: {said.message}", advice=advice, **said.fields)
    return AuthorityUnreachable(
        f"{host} answered {status} instead of its discovery document: {said.message}",
        advice="Check HTTPS_PROXY/NO_PROXY and the egress rules. It is tried again.",
        cause=f"http {status}",
    )


def with_whole_durations(answer: Mapping[str, Any]) -> dict[str, Any]:
    """`answer` with its durations as whole seconds; those that make no sense are left out."""
    kept = dict(answer)
    for name in ("expires_in", "ext_expires_in", "refresh_in", "interval"):
        if name in kept and (seconds := seconds_of(kept[name], ODD)) != kept[name]:
            kept[name] = seconds
            if seconds == ODD:
                del kept[name]
    return kept


def not_oauth(what: str) -> AuthorityMisconfigured:
    """The error for an answer that lacks what the specification requires."""
    return AuthorityMisconfigured(
        f"the authority answered {what}",
        advice="Check that the authority's URL is an OpenID provider.",
    )


def is_jwt(value: object) -> bool:
    """Whether its claims can be read (RFC 7519 section 7.2); the signature is not looked at."""
    if not isinstance(value, str) or value.count(".") != 2:
        return False
    body = value.split(".")[1]
    try:
        return isinstance(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))), dict)
    except (ValueError, RecursionError):
        return False


def printable(value: object, limit: int) -> str:
    """One line without control characters: provider text reaches terminals and log lines."""
    text = "".join(c if c.isprintable() else " " for c in str(value or ""))
    return " ".join(text.split())[:limit]


def text_of(answer: Mapping[str, Any], name: str) -> str | None:
    """A text that is there and not empty."""
    value = answer.get(name)
    return value if isinstance(value, str) and value else None


def seconds_of(value: object, default: int) -> int:
    """A duration of the authority as whole seconds: a number, or a text of digits as some send it."""
    if isinstance(value, bool):
        return default
    if isinstance(value, int | float):
        return int(value) if abs(value) < 1e10 else default
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value.strip()[:10])
    return default

"""Reading the JSON answers of an OAuth endpoint: nothing in them is trusted to have its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.core.entra_errors import Action, diagnose
from sidecar.errors import AuthorityBusy, AuthorityMisconfigured, SidecarError, SigninRequired


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
        "timestamp": printable(answer.get("timestamp"), 30) or None,
    }
    message = f"{error}: {description}" if description else error
    known = {name: value for name, value in fields.items() if value}
    if diagnosis.action is Action.RETRY:
        return AuthorityBusy(message, retry_after=None, advice=diagnosis.advice, **known)
    kind = SigninRequired if diagnosis.action is Action.SIGN_IN else AuthorityMisconfigured
    return kind(message, advice=diagnosis.advice, **known)


def not_oauth(what: str) -> AuthorityMisconfigured:
    """The error for an answer that lacks what the specification requires."""
    return AuthorityMisconfigured(
        f"the authority answered {what}",
        advice="Check that the authority's URL is an OpenID provider.",
    )


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

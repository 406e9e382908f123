"""The error answers of an OAuth endpoint as classes of `sidecar.errors`.

Whoever is refused imports it then: it brings all advice along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.core.advice import Action
from sidecar.core.entra_errors import diagnose
from sidecar.core.printable import printable
from sidecar.errors import (
    AuthorityBusy,
    AuthorityMisconfigured,
    AuthorityRefused,
    AuthorityUnreachable,
    SidecarError,
    SigninBlocked,
    SigninRequired,
)

REFUSALS: dict[Action, type[AuthorityRefused]] = {
    Action.SIGN_IN: SigninRequired,
    Action.ADMINISTRATOR: SigninBlocked,
    Action.CONFIGURATION: AuthorityMisconfigured,
}
"""What waiting does not cure; all else is `AuthorityBusy`."""


def refusal(answer: Mapping[str, Any]) -> SidecarError:
    """The class that an OAuth error answer stands for (RFC 6749 section 5.2)."""
    error = printable(answer.get("error"), 60) or "no error given"
    numbers = answer.get("error_codes")
    codes = [code for code in numbers[:10] if type(code) is int] if isinstance(numbers, list) else []
    suberror = printable(answer.get("suberror"), 60)
    diagnosis = diagnose(error, suberror=suberror, codes=codes)
    # Entra's description is one sentence, then trace id, correlation id and time, which have fields
    # of their own here.
    description = printable(str(answer.get("error_description") or "").split("Trace ID")[0], 300)
    fields = {
        "error": error,
        "suberror": suberror or None,
        "aadsts": ",".join(map(str, codes)) or None,
        "correlation_id": printable(answer.get("correlation_id"), 60) or None,
        "authority_time": printable(answer.get("timestamp"), 30) or None,
        "cure": diagnosis.cure.value,
        "see": diagnosis.see,
    }
    message = f"{error}: {description}" if description else error
    known = {name: value for name, value in fields.items() if value}
    if kind := REFUSALS.get(diagnosis.action):
        return kind(message, advice=diagnosis.advice, **known)
    return AuthorityBusy(message, retry_after=diagnosis.pause_seconds, advice=diagnosis.advice, **known)


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

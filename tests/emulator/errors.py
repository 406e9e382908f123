"""Errors as Entra words them.

Sources: learn.microsoft.com "Microsoft Entra authentication and authorization error codes" and
"OAuth 2.0 device authorization grant"; the `error` beside each number as seen in public reports.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Kind:
    """What stands beside one AADSTS number: OAuth `error`, HTTP status, text, `suberror`."""

    error: str
    text: str
    status: int = 400
    suberror: str | None = None


_CLAIMS = '{"access_token":{"capolids":{"essential":true,"values":["00000000-0000-0000-0000-00000000ca01"]}}}'

KINDS: dict[int, Kind] = {
    28000: Kind("invalid_scope", "The input parameter scope contains more than one resource."),
    50020: Kind(
        "invalid_grant", "The user account does not exist in this tenant and cannot use this application."
    ),
    50057: Kind("invalid_grant", "The user account is disabled."),
    50059: Kind("invalid_request", "No tenant-identifying information found in the request."),
    50076: Kind(
        "interaction_required",
        "Due to a configuration change made by your administrator you must use multi-factor authentication.",
        suberror="basic_action",
    ),
    50079: Kind(
        "interaction_required", "The user must enroll in multi-factor authentication.", 400, "basic_action"
    ),
    50173: Kind(
        "invalid_grant", "The provided grant has expired due to it being revoked; a fresh one is needed."
    ),
    50194: Kind("invalid_request", "The application is not configured as a multi-tenant application."),
    50196: Kind(
        "invalid_grant", "The server terminated an operation because it encountered a client request loop."
    ),
    53003: Kind(
        "invalid_grant", "Access has been blocked by Conditional Access policies.", 400, "message_only"
    ),
    54005: Kind("invalid_grant", "The device code was already redeemed; please retry with a new code."),
    65001: Kind(
        "invalid_grant", "The user or administrator has not consented to use it.", 400, "consent_required"
    ),
    65004: Kind("authorization_declined", "The user declined to consent to access the app."),
    70000: Kind("invalid_grant", "The provided value for the refresh token is not valid."),
    70003: Kind("unsupported_grant_type", "The app requested an unsupported grant type."),
    70011: Kind("invalid_scope", "The provided value for the input parameter scope is not valid."),
    70016: Kind(
        "authorization_pending", "OAuth 2.0 device flow: authorization is pending. Continue polling."
    ),
    70018: Kind("bad_verification_code", "Bad verification code: the device code is not known."),
    70020: Kind("expired_token", "The provided device code has expired; sign in again."),
    70043: Kind(
        "invalid_grant",
        "The refresh token has expired or is invalid due to sign-in frequency checks by Conditional Access.",
        suberror="token_expired",
    ),
    90002: Kind("invalid_tenant", "Tenant not found. Check that you have the correct tenant ID and cloud."),
    90033: Kind("temporarily_unavailable", "A transient error has occurred. Please try again.", 503),
    90055: Kind("temporarily_unavailable", "The server has terminated the request: it was throttled.", 429),
    500011: Kind("invalid_resource", "The resource principal was not found in the tenant."),
    530036: Kind("invalid_grant", "The refresh token was rejected by authentication flow checks."),
    700016: Kind("unauthorized_client", "Application with this identifier was not found in the directory."),
    700082: Kind("invalid_grant", "The refresh token has expired due to inactivity."),
    900144: Kind("invalid_request", "The request body is missing a required parameter."),
    7000112: Kind("unauthorized_client", "The application is disabled."),
    7000218: Kind(
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        401,
    ),
}


class EntraError(Exception):
    """A request refused with one of `KINDS`.

    `error`, `suberror` and `status` differ from the table where a caller wants them to: Entra itself
    has answered the same number with different ones. `detail` is added to the text.
    """

    def __init__(
        self,
        code: int,
        detail: str = "",
        *,
        error: str | None = None,
        suberror: str | None = None,
        status: int | None = None,
    ) -> None:
        kind = KINDS[code]
        super().__init__(f"AADSTS{code}: {kind.text}")
        self.code = code
        self.error = error or kind.error
        self.suberror = suberror or kind.suberror
        self.status = status or kind.status
        self.text = f"{kind.text} {detail}".rstrip()

    def body(self, *, now: float, correlation_id: str, authority: str) -> dict[str, Any]:
        """The JSON answer, with every key that Entra's has. `now` in epoch seconds."""
        trace_id = str(uuid.uuid4())
        stamp = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%SZ}"
        body: dict[str, Any] = {
            "error": self.error,
            "error_description": (
                f"AADSTS{self.code}: {self.text} Trace ID: {trace_id} "
                f"Correlation ID: {correlation_id} Timestamp: {stamp}"
            ),
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": f"{authority}/error?code={self.code}",
        }
        if self.suberror:
            body["suberror"] = self.suberror
        if self.error == "interaction_required":
            body["claims"] = _CLAIMS
        return body

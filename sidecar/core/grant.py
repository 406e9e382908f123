"""Where tokens come from, and what a token request brought (RFC 6749 section 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.core.account import Account
from sidecar.core.oauth_answer import seconds_of, text_of
from sidecar.core.printable import printable
from sidecar.core.token import AccessToken, other_resource
from sidecar.errors import TokenUnusable

LIFE_DEFAULT_SECONDS = 600
"""Where the provider gives none, which RFC 6749 section 5.1 allows; MSAL assumes the same."""

LIFE_MAX_SECONDS = 366 * 86400
"""No access token lives longer; instants stay within the ten digits that the shell compares."""

SESSION_MAX_SECONDS = 10 * 366 * 86400
"""A session that is said to last longer has no end."""


@dataclass(frozen=True)
class Authority:
    """Where to sign in. `oidc`: any OpenID provider, by issuer URL, instead of an Entra tenant."""

    url: str
    oidc: bool = False


@dataclass(frozen=True)
class Grant:
    """A token and whom it speaks for. `session_ends_on`: until when the refresh token will be taken, None
    if the authority did not say.
    """

    token: AccessToken
    account: Account
    session_ends_on: int | None = None


def access_token_from(
    answer: Mapping[str, Any], scopes: tuple[str, ...], *, issued_on: int, entra: bool
) -> AccessToken:
    """Read the access token; its life counts from `issued_on`, when the request was sent.

    :raises TokenUnusable: no life left, for another resource, or nothing that fits into an HTTP header
    """
    life_seconds = min(seconds_of(answer.get("expires_in", LIFE_DEFAULT_SECONDS), 0), LIFE_MAX_SECONDS)
    secret = text_of(answer, "access_token")
    if secret is None or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise TokenUnusable(
            "the authority granted something that is no bearer token",
            advice="It is tried again. If it lasts, something stands between here and the authority.",
        )
    if life_seconds <= 0:
        raise TokenUnusable(
            "the authority granted a token that is already expired",
            advice="Compare the clocks of this machine and of the authority.",
        )
    scope = text_of(answer, "scope") or " ".join(scopes)
    if entra and (other := other_resource(scope, scopes)):
        raise TokenUnusable(
            f"the authority granted a token for {printable(other, 100)} instead of {' '.join(scopes)}",
            advice="Nothing of it is published. Check SIDECAR_SCOPES and SIDECAR_TOKENS: one resource each.",
        )
    return AccessToken(
        secret=secret,
        issued_on=issued_on,
        expires_on=issued_on + life_seconds,
        refresh_on=seconds_of(answer.get("refresh_on"), 0) or None,
        scope=scope,
        requested=scopes,
    )


def session_ends_on(answer: Mapping[str, Any], *, issued_on: int) -> int | None:
    """Until when the refresh token will be taken: Entra's `refresh_token_expires_in`, which it sends for some
    kinds of app, or Keycloak's `refresh_expires_in`, where 0 means without end. None if neither says.
    """
    for name in ("refresh_token_expires_in", "refresh_expires_in"):
        seconds = seconds_of(answer.get(name), 0)
        if 0 < seconds <= SESSION_MAX_SECONDS:
            return issued_on + seconds
    return None

"""The access token, its life, and the document that apps read."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sidecar.core.account import Account

UNNAMED = ""
"""The name of the token that lies at the root of the token directory."""

GRAPH = "https://graph.microsoft.com"

DEFAULT = "/.default"
"""Behind a resource: all that the person consented to there."""

OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
"""They belong to the sign-in and to no resource (OpenID Connect Core 1.0 sections 5.4 and 11)."""

ALIASES = {"management.core.windows.net": "management.azure.com"}
"""Azure Resource Manager has two names (learn.microsoft.com, "Azure Resource Manager endpoints")."""


@dataclass(frozen=True)
class AccessToken:
    """An access token as granted: opaque, since clients must not decode it.

    `requested` are the scopes asked for, `scope` what the authority granted (RFC 6749 section
    3.3). `refresh_on` is Entra's advice for long-lived tokens, None if it gave none.
    """

    secret: str = field(repr=False)
    issued_on: int
    expires_on: int
    refresh_on: int | None
    scope: str
    requested: tuple[str, ...]

    @property
    def life_seconds(self) -> int:
        """From issue to expiry."""
        return self.expires_on - self.issued_on

    def remaining_seconds(self, now: float) -> float:
        """Seconds to live; negative once expired."""
        return self.expires_on - now

    def lives(self, now: float) -> bool:
        """Whether a resource would still accept it."""
        return now < self.expires_on


Wanted = Mapping[str, tuple[str, ...]]
"""Token name to the scopes it is requested with."""

TokenSet = Mapping[str, AccessToken]
"""Token name to token; `UNNAMED` is the one at the root."""


class Freshness(enum.Enum):
    """What a reader may think of a token."""

    FRESH = "fresh"
    STALE = "stale"
    INVALID = "invalid"


def freshness(token: AccessToken | None, *, now: float, renew_on: int) -> Freshness:
    """INVALID: none or expired. STALE: alive, and its renewal is due. FRESH: leave it alone."""
    if token is None or not token.lives(now):
        return Freshness.INVALID
    return Freshness.STALE if now >= renew_on else Freshness.FRESH


def resource_of(scopes: tuple[str, ...], *, entra: bool) -> str | None:
    """The resource that Entra reads from a scope list: `https://vault.azure.net/.default` is the vault's.

    A scope without a resource is Microsoft Graph's (learn.microsoft.com, "Scopes and permissions in
    the Microsoft identity platform"). None where nobody can know: any other OpenID provider.
    """
    if not entra or not scopes:
        return None
    first = next((scope for scope in scopes if scope not in OPENID_SCOPES), scopes[0])
    return bare(first.rsplit("/", 1)[0]) or None if "/" in first else GRAPH


def bare(resource: str) -> str:
    """Without what may stand at its end and says nothing: slashes and `/.default`, however often."""
    while (shorter := resource.rstrip("/").removesuffix(DEFAULT)) != resource:
        resource = shorter
    return resource


def other_resource(granted: str, requested: tuple[str, ...]) -> str | None:
    """The host of another resource that Entra granted in the place of the requested one; None where they
    agree, or where nobody can tell: scopes without a host, or an identifier URI of another kind.
    """
    wanted, given = _hosts(requested), _hosts(granted.split())
    if not wanted or not given or wanted & given:
        return None
    return min(given)


def _hosts(scopes: Iterable[str]) -> set[str]:
    """Of `https://vault.azure.net/.default` it is vault.azure.net."""
    hosts = {
        scope.removeprefix("https://").split("/")[0].lower() for scope in scopes if "https://" in scope[:8]
    }
    return {ALIASES.get(host, host) for host in hosts}


def token_document(
    token: AccessToken, *, account: Account, client_id: str, resource: str | None
) -> dict[str, str | int | None]:
    """The content of `token.json`: every key always present, None where unknown."""
    return {
        "access_token": token.secret,
        "token_type": "Bearer",
        "expires_on": token.expires_on,
        "refresh_on": token.refresh_on,
        "scope": token.scope,
        "resource": resource,
        "tenant_id": account.tenant_id,
        "client_id": client_id,
        "username": account.username,
        "object_id": account.object_id,
    }


@dataclass(frozen=True)
class Labels:
    """What `token.json` says beside the token itself."""

    client_id: str
    entra: bool

    def document(self, token: AccessToken, account: Account) -> dict[str, str | int | None]:
        """The content of its `token.json`."""
        resource = resource_of(token.requested, entra=self.entra)
        return token_document(token, account=account, client_id=self.client_id, resource=resource)

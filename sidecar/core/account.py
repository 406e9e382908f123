"""Who signed in, and whether that one may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Account:
    """A signed-in person. `home_account_id` is MSAL's key of the account in its cache.

    `object_id` is Entra's `oid`, elsewhere the subject (`sub`); `tenant_id` is None elsewhere.
    """

    username: str | None
    object_id: str | None
    tenant_id: str | None
    home_account_id: str

    @property
    def name(self) -> str:
        """How the log calls the person."""
        return self.username or self.object_id or "unknown"

    @property
    def labels(self) -> dict[str, Any]:
        """What the log says about the person, by field."""
        return {"username": self.username, "object_id": self.object_id, "tenant_id": self.tenant_id}


@dataclass(frozen=True)
class Admission:
    """Who is let in: empty sets let anyone in. All values in lower case.

    User names can be reassigned in a tenant, object ids never are; the README recommends the ids.
    """

    users: frozenset[str] = frozenset()
    tenants: frozenset[str] = frozenset()


def account_from_claims(claims: Mapping[str, object], *, home_account_id: str, entra: bool) -> Account:
    """Read the account from ID token claims (OpenID Connect Core 1.0 section 2; Entra adds oid, tid)."""

    def text(*names: str) -> str | None:
        for name in names:
            value = claims.get(name)
            if isinstance(value, str) and value:
                return value
        return None

    return Account(
        username=text("preferred_username", "upn"),
        object_id=text("oid", "sub") if entra else text("sub"),
        tenant_id=text("tid") if entra else None,
        home_account_id=home_account_id,
    )


def account_after_renewal(known: Account, claims: Mapping[str, object], *, entra: bool) -> Account:
    """`known` as the ID token of a renewal shows it.

    OpenID Connect Core 1.0 section 12.2 has only the claims repeated that identify the person: a name or
    tenant that is left out is the one of the sign-in. MSAL's key was pinned there and does not change.
    """
    told = account_from_claims(claims, home_account_id=known.home_account_id, entra=entra)
    return replace(
        told, username=told.username or known.username, tenant_id=told.tenant_id or known.tenant_id
    )


def objection(account: Account, admission: Admission) -> str | None:
    """Why `account` is not let in; None when it is."""
    if admission.tenants and (account.tenant_id or "").lower() not in admission.tenants:
        return f"tenant {account.tenant_id or 'unknown'} is not allowed"
    known_as = {(account.username or "").lower(), (account.object_id or "").lower()} - {""}
    if admission.users and not known_as & admission.users:
        return f"user {account.name} is not allowed"
    return None

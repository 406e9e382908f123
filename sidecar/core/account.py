"""Who signed in, and whether that one may."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_GUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


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
    def home_tenant_id(self) -> str | None:
        """Where the person is at home, from MSAL's key (`uid.utid`); None where there are no tenants."""
        home = self.home_account_id.rpartition(".")[2]
        return home if self.tenant_id and _GUID.fullmatch(home) else None

    @property
    def is_guest(self) -> bool:
        """Signed in to a tenant that is not the person's own (B2B)."""
        home = self.home_tenant_id
        return bool(home and self.tenant_id and home.lower() != self.tenant_id.lower())

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


def awaited(admission: Admission, known: Account | None) -> str | None:
    """The user name of the one person who would be let in; None if several would, or nobody knows the name:
    SIDECAR_ALLOWED_USERS may be an object id.
    """
    if not admission.users:
        return known.username if known else None
    if len(admission.users) > 1:
        return None
    (only,) = admission.users
    if known and only in ((known.username or "").lower(), (known.object_id or "").lower()):
        return known.username
    return only if "@" in only else None


@dataclass(frozen=True)
class Objection:
    """Why somebody is not let in, and what to do about it."""

    message: str
    advice: str


def objection(account: Account, admission: Admission, *, known: Account | None = None) -> Objection | None:
    """Why `account` is not let in; None when it is. `known` is who is signed in already: what apps get does
    not become somebody else's unless the settings name that one.
    """
    known_as = {(account.username or "").lower(), (account.object_id or "").lower()} - {""}
    named = bool(known_as & admission.users)
    if admission.tenants and (account.tenant_id or "").lower() not in admission.tenants:
        return Objection(
            f"tenant {account.tenant_id or 'unknown'} is not allowed",
            "Sign in with an account of an allowed tenant (a private browser window helps), or change "
            "SIDECAR_ALLOWED_TENANTS.",
        )
    if admission.users and not named:
        return Objection(
            f"user {account.name} is not allowed",
            "Sign in with an allowed account (a private browser window helps), or change "
            "SIDECAR_ALLOWED_USERS.",
        )
    if account.is_guest and not named and (account.home_tenant_id or "").lower() not in admission.tenants:
        return Objection(
            f"{account.name} is a guest, at home in tenant {account.home_tenant_id}",
            "Sign in with an account of the tenant itself; or name the guest in SIDECAR_ALLOWED_USERS, or "
            "the home tenant in SIDECAR_ALLOWED_TENANTS.",
        )
    if known is not None and known.object_id != account.object_id and not named:
        return Objection(
            f"{known.name} is signed in here, and {account.name} is somebody else",
            f"Sign in as {known.name}; or name the other in SIDECAR_ALLOWED_USERS, or empty the state "
            "directory to begin anew.",
        )
    return None

"""What the cache file holds: MSAL's own cache, the tokens last obtained, and for whom.

The tokens are kept beside MSAL's copy because MSAL files them under the scopes that were granted:
where those differ from the requested ones its own look-up never finds them again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sidecar.core.account import Account
from sidecar.core.schedule import LIMIT, Anchor, anchor_from
from sidecar.core.session import Session, session_from
from sidecar.core.token import AccessToken, TokenSet

# What MSAL's cache holds by kind, and what its look-ups read without asking (msal 1.39, token_cache.py).
_NEEDED = {
    "AccessToken": ("credential_type", "secret", "expires_on"),
    "RefreshToken": ("credential_type", "secret"),
    "IdToken": ("credential_type", "secret"),
    "Account": ("authority_type",),
    "AppMetadata": (),
}
_TEXTS = ("home_account_id", "environment", "client_id", "realm", "authority_type", "family_id")
_TIME = re.compile(r"-?\d{1,12}")


class NotForUs(ValueError):
    """A sound cache of another client, another authority, or a later version of this program."""


@dataclass(frozen=True)
class Remembered:
    """The content of the cache. `msal` is what `SerializableTokenCache.serialize` gave.

    The instants of tokens and `session`, without what was learned or told of it in one place, are by the wall
    clock of `told_at`; None where an older version did not say.
    `withdrawn`: there is no account since the last one is not allowed any more, which ends its live tokens
    wherever they are published; a cache that was lost ends none.
    """

    msal: str = field(default="", repr=False)
    account: Account | None = None
    tokens: TokenSet = field(default_factory=dict)
    told_at: Anchor | None = None
    withdrawn: bool = False
    session: Session = field(default_factory=Session)


def after(
    before: Remembered,
    msal: str,
    account: Account | None,
    tokens: TokenSet,
    told_at: Anchor | None,
    session: Session,
) -> Remembered:
    """What takes its place. A sign-in is given up for one reason only."""
    withdrawn = account is None and (before.withdrawn or before.account is not None)
    known = Session() if account is None else Session(session.signed_in_on, session.told)
    return Remembered(msal, account, tokens, told_at, withdrawn, known)


def to_bytes(remembered: Remembered) -> bytes:
    """JSON; the inverse of `from_bytes`."""
    document = {
        "msal": remembered.msal,
        "account": asdict(remembered.account) if remembered.account else None,
        "tokens": {name: asdict(token) for name, token in remembered.tokens.items()},
        "told_at": asdict(remembered.told_at) if remembered.told_at else None,
        "withdrawn": remembered.withdrawn,
        "session": asdict(remembered.session),
    }
    return json.dumps(document).encode()


def from_bytes(content: bytes) -> Remembered:
    """Read what `to_bytes` wrote.

    :raises ValueError: it is anything else
    """
    document = _mapping(_parsed(content))
    msal = document.get("msal")
    if not isinstance(msal, str) or (msal and not _is_msal_cache(_parsed(msal))):
        raise ValueError("no MSAL cache inside")
    account = document.get("account")
    return Remembered(
        msal=msal,
        account=None if account is None else _account(_mapping(account)),
        tokens={name: _token(_mapping(token)) for name, token in _mapping(document["tokens"]).items()}
        if "tokens" in document
        else {},
        told_at=None if document.get("told_at") is None else anchor_from(_mapping(document["told_at"])),
        withdrawn=document.get("withdrawn") is True,
        session=session_from(document.get("session")),
    )


def _parsed(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _is_msal_cache(cache: object) -> bool:
    """MSAL takes its own file at its word: an entry of another shape would end every turn to come."""
    return isinstance(cache, dict) and all(
        isinstance(entries, dict) and all(_is_entry(kind, entry) for entry in entries.values())
        for kind, entries in cache.items()
        if kind in _NEEDED
    )


def _is_entry(kind: str, entry: object) -> bool:
    if not isinstance(entry, dict) or any(name not in entry for name in _NEEDED[kind]):
        return False
    secret = entry.get("secret", "")
    return (
        ("credential_type" not in _NEEDED[kind] or entry["credential_type"] == kind)
        and isinstance(entry.get("target", ""), str)
        and all(isinstance(entry.get(name, ""), str | None) for name in _TEXTS)
        and all(_TIME.fullmatch(str(entry.get(name, 0))) for name in ("expires_on", "last_modification_time"))
        and isinstance(secret, str)
        and (kind != "RefreshToken" or secret.isprintable())
    )


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _account(record: Mapping[str, Any]) -> Account:
    return Account(
        username=_text_or_none(record.get("username")),
        object_id=_text_or_none(record.get("object_id")),
        tenant_id=_text_or_none(record.get("tenant_id")),
        home_account_id=_text(record.get("home_account_id")),
    )


def _token(record: Mapping[str, Any]) -> AccessToken:
    refresh_on = record.get("refresh_on")
    requested = record.get("requested")
    if not isinstance(requested, list):
        raise ValueError("not a list of scopes")
    return AccessToken(
        secret=_text(record.get("secret")),
        issued_on=_instant(record.get("issued_on")),
        expires_on=_instant(record.get("expires_on")),
        refresh_on=None if refresh_on is None else _instant(refresh_on),
        scope=_text(record.get("scope")),
        requested=tuple(_text(scope) for scope in requested),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _instant(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not an instant")
    if abs(value) >= LIMIT:
        raise ValueError("an instant that no clock shows")
    return value

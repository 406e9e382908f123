"""A sign-in as MSAL would put it into the cache, made up of recognisable secrets."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from msal import TokenCache as MsalCache

from sidecar.adapters.sealing import Key, Sealer
from sidecar.adapters.token_cache import TokenCache
from sidecar.core.account import Account
from sidecar.core.token import AccessToken

CLIENT = "22222222-2222-4222-8222-222222222222"
AUTHORITY = "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111"
ALICE = Account("alice@contoso.example", "object", "tenant", "uid.utid")
SECRETS = ("refresh-secret", "access-secret")
NOW = 1_790_000_000.0


def key(number: int) -> Key:
    """The same key for the same number."""
    return Key(bytes([number]) * 32)


def new_keys(count: int) -> tuple[Key, ...]:
    """Random ones."""
    return tuple(Key(os.urandom(32)) for _ in range(count))


def sealed_with(*numbers: int) -> Sealer:
    """The first one seals."""
    return Sealer(tuple(key(number) for number in numbers))


def cache_at(
    path: Path, seal: Sealer | None = None, *, client_id: str = CLIENT, authority: str = AUTHORITY
) -> TokenCache:
    """A cache that has not been opened yet; not sealed unless told."""
    return TokenCache(path, seal=seal or Sealer(), client_id=client_id, authority=authority)


def access_token() -> AccessToken:
    """The token last obtained."""
    return AccessToken("access-secret", int(NOW), int(NOW) + 3600, None, "scope", ("scope",))


def sign_in(cache: TokenCache, *, serial: int = 1) -> None:
    """What MSAL does when a sign-in completes: several saves, all through its own cache class."""
    claims = {"sub": "sub", "oid": "object", "preferred_username": "alice@contoso.example"}
    cache.msal_cache().add(
        {
            "client_id": CLIENT,
            "scope": ["scope"],
            "token_endpoint": f"{AUTHORITY}/oauth2/v2.0/token",
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "response": {
                "access_token": f"access-secret-{serial}",
                "refresh_token": f"refresh-secret-{serial}",
                "id_token": f"{_encoded({'alg': 'none'})}.{_encoded(claims)}.",
                "client_info": _encoded({"uid": "uid", "utid": "utid"}),
                "expires_in": 3600,
            },
        }
    )


def refresh_tokens(cache: TokenCache) -> list[str]:
    """What MSAL finds when it looks for a refresh token."""
    kind = MsalCache.CredentialType.REFRESH_TOKEN
    return [found["secret"] for found in cache.msal_cache().search(kind)]


def committed(path: Path, seal: Sealer | None = None) -> bytes:
    """The bytes of a cache that holds one sign-in."""
    cache = cache_at(path, seal)
    assert cache.open(now=NOW) is None
    sign_in(cache)
    cache.commit(ALICE, {"": access_token()})
    return path.read_bytes()


def header_of(path: Path) -> dict[str, Any]:
    """The first line."""
    header = json.loads(path.read_bytes().partition(b"\n")[0])
    assert isinstance(header, dict)
    return header


def _encoded(record: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(record).encode()).decode().rstrip("=")

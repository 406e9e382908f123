"""A token file kept fresh with ADAL, as people wrote it before MSAL: v1.0 endpoints, a resource, no scopes.

USR1 renews now. The cache file makes the next start silent.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import adal

TOKEN = Path("/bench/token/token")
CACHE = Path("/bench/state/adal_cache.json")
RESOURCE, CLIENT_ID = os.environ["RESOURCE"], os.environ["CLIENT_ID"]


def replace(path: Path, content: str) -> None:
    """Whoever reads the file sees it whole."""
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o640)
    new.write_text(content)
    new.replace(path)


def sign_in(context: adal.AuthenticationContext) -> dict[str, Any]:
    """The device code flow, when nobody is signed in yet."""
    code = context.acquire_user_code(RESOURCE, CLIENT_ID)
    print(code["message"], flush=True)
    context.acquire_token_with_device_code(RESOURCE, code, CLIENT_ID)
    return cached(context)


def cached(context: adal.AuthenticationContext) -> dict[str, Any]:
    """What is in the cache of the one who is signed in; empty without."""
    found = context.cache.find({})
    return found[0] if found else {}


def renew(context: adal.AuthenticationContext, entry: dict[str, Any], force: bool) -> dict[str, Any]:
    """By the refresh token; unforced ADAL itself does, with less than five minutes left."""
    if not force:
        context.acquire_token(RESOURCE, entry["userId"], CLIENT_ID)
        return cached(context)
    answer = context.acquire_token_with_refresh_token(entry["refreshToken"], CLIENT_ID, RESOURCE)
    context.cache.remove([entry])
    context.cache.add([{**entry, **answer}])  # of what it is given in hand it keeps nothing by itself
    return cached(context)


def main() -> None:
    """Until TERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    context = adal.AuthenticationContext(
        f"{os.environ['AUTHORITY_HOST']}/{os.environ['TENANT_ID']}",
        validate_authority=False,
        cache=adal.TokenCache(CACHE.read_text() if CACHE.exists() else None),
    )
    entry, force = cached(context) or sign_in(context), False
    while True:
        entry = renew(context, entry, force)
        if context.cache.has_state_changed:
            replace(CACHE, context.cache.serialize())
            context.cache.has_state_changed = False
        replace(TOKEN, entry["accessToken"])
        print("token written", flush=True)
        life = (datetime.fromisoformat(entry["expiresOn"]) - datetime.now()).total_seconds()
        force = signal.sigtimedwait({signal.SIGUSR1}, max(life - 299, life / 2, 1)) is not None


main()

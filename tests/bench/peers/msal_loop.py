"""A token file kept fresh with MSAL, as people write it: sign in once, sleep, renew, write the file.

USR1 renews now. The cache file makes the next start silent.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import msal

TOKENS = Path("/bench/token")
CACHE = Path("/bench/state/msal_cache.json")
SCOPES = os.environ["SCOPES"].split()  # a token for each


def replace(path: Path, content: str) -> None:
    """Whoever reads the file sees it whole."""
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o640)
    new.write_text(content)
    new.replace(path)


def sign_in(app: msal.PublicClientApplication) -> None:
    """The device code flow, when nobody is signed in yet."""
    flow = app.initiate_device_flow([SCOPES[0]])
    if "user_code" not in flow:
        sys.exit(f"no device code: {flow.get('error')}")
    print(flow["message"], flush=True)
    result = app.acquire_token_by_device_flow(flow)
    if "access_token" not in result:
        sys.exit(f"sign-in failed: {result.get('error')}")


def renew(app: msal.PublicClientApplication, scope: str, force: bool) -> tuple[str, int]:
    """The token and the seconds that it lives; MSAL renews with less than five minutes left."""
    result = app.acquire_token_silent_with_error([scope], app.get_accounts()[0], force_refresh=force)
    if not result or "access_token" not in result:
        sys.exit(f"renewal failed: {(result or {}).get('error')}")
    return result["access_token"], int(result["expires_in"])


def main() -> None:
    """Until TERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    cache = msal.SerializableTokenCache()
    if CACHE.exists():
        cache.deserialize(CACHE.read_text())
    app = msal.PublicClientApplication(
        os.environ["CLIENT_ID"],
        authority=f"{os.environ['AUTHORITY_HOST']}/{os.environ['TENANT_ID']}",
        instance_discovery=False,
        token_cache=cache,
    )
    if not app.get_accounts():
        sign_in(app)
    force = False
    while True:
        seconds = 3600
        for number, scope in enumerate(SCOPES):
            token, life = renew(app, scope, force)
            replace(TOKENS / (f"token{number}" if number else "token"), token)
            seconds = min(seconds, max(life - 299, life // 2, 1))
        if cache.has_state_changed:
            replace(CACHE, cache.serialize())
            cache.has_state_changed = False
        print("token written", flush=True)
        force = signal.sigtimedwait({signal.SIGUSR1}, seconds) is not None


main()

"""The loop around MSAL that people write, and a friendlier one.

`loop` is what MSAL's own documentation leads to: its sample for the device flow is
`acquire_token_silent`, else `initiate_device_flow` and `acquire_token_by_device_flow`, with a cache in
memory (msal-python.readthedocs.io, and sample/device_flow_sample.py in its repository). Around it stand
`while True`, a file for the app, and a sleep until five minutes before expiry, the usual margin. Whatever
raises ends the process, and the container is started again.

`careful_loop` is what a second look makes of it: a cache in a file (`SerializableTokenCache`, as its
docstring shows), every exception is caught and logged, and it tries again every minute.

Neither is made worse than it has to be. The files are written at once, so nobody reads half of one; the
file survives the container, as an emptyDir does; nobody ever restarts a pod that is well.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msal

from tests.torture.soak import wire
from tests.torture.soak.provider import CLIENT, HOST, SCOPE, TENANT, Provider

MARGIN_SECONDS = 300
AGAIN_SECONDS = 60


def loop(token_file: Path, provider: Provider) -> None:
    """Never returns; raises what nobody thought of."""
    app = msal.PublicClientApplication(
        CLIENT,
        authority=f"{HOST}/{TENANT}",
        token_cache=msal.SerializableTokenCache(),
        http_client=wire.session(provider),
    )
    while True:
        result = _token(app)
        if "access_token" not in result:
            raise RuntimeError(result.get("error_description"))
        with token_file.open("w") as file:
            file.write(result["access_token"])
        time.sleep(result["expires_in"] - MARGIN_SECONDS)


def careful_loop(token_file: Path, cache_file: Path, provider: Provider) -> None:
    """Never returns, and hardly ever raises."""
    cache = msal.SerializableTokenCache()
    if cache_file.exists():
        cache.deserialize(cache_file.read_text())
    app = None
    while True:
        pause = AGAIN_SECONDS
        try:
            if app is None:
                app = msal.PublicClientApplication(
                    CLIENT,
                    authority=f"{HOST}/{TENANT}",
                    token_cache=cache,
                    http_client=wire.session(provider),
                )
            result = _token(app)
            if "access_token" in result:
                with token_file.open("w") as file:
                    file.write(result["access_token"])
                pause = max(result["expires_in"] - MARGIN_SECONDS, AGAIN_SECONDS)
        except Exception:
            pass  # it is logged, and tried again
        if cache.has_state_changed:
            with cache_file.open("w") as file:
                file.write(cache.serialize())
        time.sleep(pause)


def _token(app: msal.PublicClientApplication) -> dict[str, Any]:
    accounts = app.get_accounts()
    result = app.acquire_token_silent([SCOPE], account=accounts[0]) if accounts else None
    if not result:
        flow = app.initiate_device_flow([SCOPE])
        # Here the message of `flow` is printed, for the person.
        result = app.acquire_token_by_device_flow(flow)
    return dict(result)

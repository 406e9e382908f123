"""Puts `serve` together and waits until it is told to stop."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import PRIVATE, StateDirectory
from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.adapters.web_server import WebServer
from sidecar.core.token import UNNAMED
from sidecar.serve import health, managed_identity
from sidecar.serve.fetching import Command, Fetcher
from sidecar.serve.gate import Entrance, Gate
from sidecar.serve.routes import Route, router
from sidecar.settings import Settings
from sidecar.status import Found, found_in


def serve(settings: Settings, *, log: Log, flags: Sequence[str] = ()) -> None:
    """Answer until a signal ends it. `flags` are the settings on our command line: a turn needs them too.

    :raises SidecarError: it could not begin
    """
    token_dir = TokenDirectory(settings.token_dir, Access())
    state = StateDirectory(settings.state_dir / PRIVATE)

    def look() -> Found:
        return found_in(token_dir, state, now=time.time())

    secret = settings.serve_secret_file and settings.serve_secret_file.read_text().strip()
    gate = Gate(loopback=True, hosts=settings.serve_hosts, secret=secret or None)
    fetcher = Fetcher(_demand_turn(flags)) if settings.on_demand else None
    desk = managed_identity.Desk(
        look=look,
        wanted={**({UNNAMED: settings.scopes} if settings.scopes else {}), **settings.tokens},
        entra=settings.oidc_authority is None,
        on_demand=settings.on_demand,
        fetcher=fetcher,
    )
    routes = {**_routes(look), **_identity(desk, imds=settings.serve_imds == "on")}
    server = WebServer(settings.serve_address, router(routes, gate))
    server.start()
    host, port = server.address
    log.event("serve.started", address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    try:
        threading.Event().wait()
    finally:
        if fetcher:
            fetcher.close()


def _demand_turn(flags: Sequence[str]) -> Command:
    """One turn that asks nobody; the resource cannot be taken for a flag."""
    python = (sys.executable, "-P", "-m", "sidecar")
    return lambda resource: (*python, "refresh", *flags, f"--demand={resource}")


def _identity(desk: managed_identity.Desk, *, imds: bool) -> dict[str, Route]:
    shapes = {managed_identity.APP_SERVICE_PATH: (managed_identity.Shape.APP_SERVICE, Entrance.SECRET)}
    if imds:
        shapes[managed_identity.METADATA_PATH] = managed_identity.Shape.METADATA, Entrance.METADATA
    return {
        path + end: Route(managed_identity.door(desk, shape), entrance, refusal=managed_identity.as_refusal)
        for path, (shape, entrance) in shapes.items()
        for end in ("", "/")  # @azure/msal-node puts a slash behind the metadata service's
    }


def _routes(look: health.Look) -> dict[str, Route]:
    return {
        "/readiness": Route(health.readiness(look)),
    }

"""Puts `serve` together and waits until it is told to stop."""

from __future__ import annotations

import threading
import time

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import PRIVATE, StateDirectory
from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.adapters.web_server import WebServer
from sidecar.serve import health, page
from sidecar.serve.gate import Gate
from sidecar.serve.routes import Route, router
from sidecar.settings import Settings
from sidecar.status import Found, found_in


def serve(settings: Settings, *, log: Log) -> None:
    """Answer until a signal ends it.

    :raises SidecarError: it could not begin
    """
    token_dir = TokenDirectory(settings.token_dir, Access())
    state = StateDirectory(settings.state_dir / PRIVATE)

    def look() -> Found:
        return found_in(token_dir, state, now=time.time())

    gate = Gate(loopback=True, hosts=settings.serve_hosts)
    server = WebServer(settings.serve_address, router(_routes(look), gate))
    server.start()
    host, port = server.address
    log.event("serve.started", address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    threading.Event().wait()


def _routes(look: health.Look) -> dict[str, Route]:
    return {
        "/readiness": Route(health.readiness(look)),
        **page.routes(look, boot=lambda: time.clock_gettime(time.CLOCK_BOOTTIME)),
    }

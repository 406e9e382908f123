"""Puts `serve` together and waits until it is told to stop."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Sequence

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import PRIVATE, StateDirectory
from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.adapters.web_server import WebServer
from sidecar.errors import ConfigurationError
from sidecar.serve import health, metrics, page
from sidecar.serve.doorkeeper import Doorkeeper
from sidecar.serve.gate import Gate
from sidecar.serve.health import Signs
from sidecar.serve.identity_routes import identity_routes, turns
from sidecar.serve.routes import Route, Trouble, router
from sidecar.settings import Settings
from sidecar.status import Found, found_in


def serve(
    settings: Settings,
    *,
    log: Log,
    flags: Sequence[str] = (),
    abandoned: Callable[[], bool] = lambda: False,
) -> None:
    """Answer until a signal ends it, or it is `abandoned`. `flags` are the settings on our command line, for
    turns that we start.

    :raises SidecarError: it could not begin, or cannot go on
    """
    token_dir = TokenDirectory(settings.token_dir, Access())
    state = StateDirectory(settings.state_dir / PRIVATE)

    def look() -> Found:
        return found_in(token_dir, state, now=time.time())

    def see() -> Signs:
        return Signs(state.vitals(), token_dir.filled, now=time.time(), boot=boot())

    fetcher = turns(flags, look)
    routes = {**_routes(look, see), **identity_routes(settings, look, fetcher)}
    door = router(routes, _doorkeeper(settings), trouble_told(log))
    server = WebServer(settings.serve_address, door)
    server.start()
    host, port = server.address
    log.event("serve.started", address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    try:
        server.wait(abandoned=abandoned)
    finally:
        server.stop()
        fetcher.close()


def boot() -> float:
    """Seconds of the clock that does not leap."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _routes(look: health.Look, see: health.See) -> dict[str, Route]:
    return {
        **page.routes(look, boot=boot),
        "/startup": Route(health.startup(see)),
        "/readiness": Route(health.readiness(see)),
        "/liveness": Route(health.liveness(see)),
        "/metrics": Route(metrics.metrics(look, boot=boot)),
    }


def _doorkeeper(settings: Settings) -> Doorkeeper:
    """:raises ConfigurationError: others than this machine could ask, and nothing would keep them out"""
    loopback = ipaddress.ip_address(settings.serve_address[0]).is_loopback
    if not loopback and not settings.serve_secret_file:
        raise ConfigurationError(
            "SIDECAR_SERVE_ADDRESS is not on loopback, and there is no secret",
            advice="Listen on 127.0.0.1, or name a secret in SIDECAR_SERVE_SECRET_FILE.",
        )
    if not loopback and settings.serve_imds == "on":
        raise ConfigurationError(
            "SIDECAR_SERVE_IMDS asks for no secret, so that it is for loopback alone",
            advice="Listen on 127.0.0.1, or leave it off and use IDENTITY_ENDPOINT.",
        )
    return Doorkeeper(Gate(loopback, settings.serve_hosts), settings.serve_secret_file)


def trouble_told(log: Log) -> Trouble:
    """What it is told goes to the log: not what the error says, which may hold anything, but where it was."""

    def tell(path: str, error: Exception) -> None:
        log.event("serve.trouble", level="error", path=path or None, cause=_raised(error))

    return tell


def _raised(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "") if trace else ""
    return f"{type(error).__name__} at {module}:{trace.tb_lineno}" if trace else type(error).__name__

"""HTTP on waitress: the only importer of it. Requests become `Request`, replies are written; nothing more."""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Iterable
from typing import Any

from waitress.server import create_server

from sidecar.core.web import Door, Reply, Request
from sidecar.errors import ConfigurationError

SAFE_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
THREADS = 4


class WebServer:
    """Listens from construction on; answers from `start` on, in threads of its own."""

    def __init__(self, address: tuple[str, int], door: Door) -> None:
        """:raises ConfigurationError: somebody else listens there, or the address is not ours"""
        self._door = door
        host, port = address
        try:
            self._server: Any = create_server(self._answer, host=host, port=port, threads=THREADS, ident=None)
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host}:{port}: {error.strerror}",
                advice="Choose another SIDECAR_SERVE_ADDRESS, or end who listens there.",
            ) from error

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the port is the real one if 0 was asked for."""
        host, port = self._server.socket.getsockname()[:2]
        return host, port

    def start(self) -> None:
        """Answer, in the background."""
        threading.Thread(target=self._server.run, name="web server", daemon=True).start()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        reply = self._door(_request(environ))
        headers = {
            "Content-Type": reply.content_type,
            "Content-Length": str(len(reply.body)),
            **SAFE_HEADERS,
            **reply.headers,
        }
        start_response(f"{reply.status} {_reason(reply)}", list(headers.items()))
        return [reply.body]


def _request(environ: dict[str, Any]) -> Request:
    query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", "/"),
        query={name: found[0] for name, found in query.items()},
        headers=headers,
        peer=str(environ.get("REMOTE_ADDR", "")),
    )


def _reason(reply: Reply) -> str:
    import http

    return http.HTTPStatus(reply.status).phrase

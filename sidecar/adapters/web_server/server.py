"""Requests become `Request`, replies are written; nothing more."""

from __future__ import annotations

import http
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any

from sidecar.adapters.web_server.bounds import PLAIN, SAFE_HEADERS, BoundedServer, adjustments
from sidecar.core.web import Door, Request, text
from sidecar.errors import ConfigurationError, ListenerLost

END_SECONDS = 0.5
LOOK_SECONDS = 5.0
"""How often it is looked whether somebody is there who would end it."""


class WebServer:
    """Listens from construction on; answers from `start` on, in threads of its own."""

    def __init__(self, address: tuple[str, int], door: Door) -> None:
        """:raises ConfigurationError: somebody else listens there, or the address is not ours"""
        self._door = door
        self._ended = threading.Event()
        host, port = address
        adjusted = adjustments(host, port)
        try:
            self._server = BoundedServer(self._answer, adj=adjusted, sockinfo=adjusted.listen[0])
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
        threading.Thread(target=self._run, name="web server", daemon=True).start()

    def wait(self, *, abandoned: Callable[[], bool] = lambda: False) -> None:
        """As long as it answers, or until nobody is there any more who would end it.

        :raises ListenerLost: it does not answer, though nobody stopped it
        """
        while not self._ended.wait(LOOK_SECONDS):
            if abandoned():
                return
        raise ListenerLost("the listening socket broke", advice="Start it again.")

    def stop(self) -> None:
        """Accept nobody any more; who is being answered loses the connection when the process ends."""
        self._server.stop()
        self._ended.wait(END_SECONDS)

    def _run(self) -> None:
        try:
            self._server.run()
        finally:
            self._ended.set()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = _request(environ)
        reply = self._door(request) if request else text(400, PLAIN[400])
        headers = {
            "Content-Type": reply.content_type,
            "Content-Length": str(len(reply.body)),
            **SAFE_HEADERS,
            **reply.headers,
        }
        start_response(f"{reply.status} {http.HTTPStatus(reply.status).phrase}", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [reply.body]


def _request(environ: dict[str, Any]) -> Request | None:
    """None if it names no path of ours: a proxy's `http://…`, CONNECT's `host:port`, the `*` of OPTIONS. The
    path is not tidied up, as waitress's own is: only what is written as a door's name leads there.
    """
    path, _, query = str(environ["REQUEST_URI"]).partition("?")
    if not path.startswith("/"):
        return None
    found = urllib.parse.parse_qs(query, keep_blank_values=True)
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return Request(
        method=environ["REQUEST_METHOD"],
        path=urllib.parse.unquote(path),
        query={name: values[0] for name, values in found.items()},
        headers=headers,
        peer=str(environ.get("REMOTE_ADDR", "")),
    )

"""HTTPS on loopback for the stand-in: a thread for each connection, all ended at once when it stops."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.kubernetes_api.server import Answer

Answering = Callable[[str, str, Mapping[str, str], str, bytes], "Answer"]
"""Given method, path, query, bearer token and body."""

IDLE_SECONDS = 120.0


class Listener(ThreadingHTTPServer):
    """Bound at once; port 0 for any."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, tls: ssl.SSLContext, answer: Answering) -> None:
        self.answer = answer
        self.accepted = 0
        self.failures: list[Exception] = []
        self._tls = tls
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closing = False
        self._acceptor: threading.Thread | None = None
        super().__init__(("127.0.0.1", port), Handler)

    def start(self) -> None:
        """Accept connections."""
        self._acceptor = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, name="kubernetes-api", daemon=True
        )
        self._acceptor.start()

    def stop(self) -> None:
        """End everything."""
        if self._acceptor is not None:
            self.shutdown()
            self._acceptor.join()
        self.server_close()
        with self._lock:
            self._closing = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, then serve it until it ends."""
        request.settimeout(IDLE_SECONDS)
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as connection:
            with self._lock:
                if self._closing:
                    return
                self._open.add(connection)
                self.accepted += 1
            try:
                connection.do_handshake()
                Handler(connection, client_address, self)
            finally:
                with self._lock:
                    self._open.discard(connection)

    def handle_error(self, *_connection: Any) -> None:
        """Keep what is a mistake of ours; a client that went away, or does not trust us, is none."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.failures.append(error)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def log_message(self, *_arguments: object) -> None:
        """Nothing: what was asked is in `asked`."""

    def handle_one_request(self) -> None:
        """Any method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # a client that was killed while it wrote
            self.close_connection = True
            return
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        answer = self.server.answer(self.command, parts.path, query, token, body)
        if answer.close:
            linger_zero = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
            self.close_connection = True
            return
        self.send_response(answer.code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

"""HTTPS on loopback: HTTP/1.1 with keep-alive, a thread per connection, closed within a second."""

from __future__ import annotations

import contextlib
import http
import socket
import ssl
import sys
import threading
import time
import uuid
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.emulator.clock import Clock
from tests.emulator.errors import EntraError
from tests.emulator.exchange import HttpExchange
from tests.emulator.journal import Journal, Request
from tests.emulator.messages import Call, Response
from tests.emulator.script import Faults

BODY_MAX_BYTES = 1 << 20
IDLE_SECONDS = 120.0
CLOSE_SECONDS = 1.0


class Site(Protocol):
    """What the server serves."""

    def kind_of(self, call: Call) -> str:
        """The request's kind, see `journal.Request`; `control` is neither logged nor struck."""
        ...

    def respond(self, kind: str, call: Call) -> Response:
        """The true answer."""
        ...

    def refuse(self, error: EntraError, call: Call) -> Response:
        """An Entra error as an answer."""
        ...


class TlsServer(ThreadingHTTPServer):
    """Knows its connections, so that it can end them."""

    site: Site
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, host: str, port: int, *, tls: ssl.SSLContext, journal: Journal, faults: Faults, clock: Clock
    ) -> None:
        """Bound at once, so that its port is known; `site` is to be set before `start`."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.journal, self.faults, self.clock = journal, faults, clock
        self.closing = threading.Event()
        self.failures: list[Exception] = []
        self._tls = tls
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._acceptor: threading.Thread | None = None
        super().__init__((host, port), Handler)

    def start(self) -> None:
        """Accept connections in a thread of its own."""
        self._acceptor = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, name="emulator", daemon=True
        )
        self._acceptor.start()

    def stop(self) -> None:
        """End every connection and thread; what hangs is released."""
        self.closing.set()
        if self._acceptor is not None:
            self.shutdown()
            self._acceptor.join()
        self.server_close()
        with self._lock:
            threads = list(self._open)
            for connection in self._open.values():
                with contextlib.suppress(OSError):
                    # Not SSLSocket's own, which pulls TLS from under the thread that reads.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, then serve it until it ends."""
        thread = threading.current_thread()
        with self._lock:
            self._open[thread] = request
        try:
            if self.closing.is_set():
                return
            request.settimeout(IDLE_SECONDS)
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._tls.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
            ) as connection:
                with self._lock:
                    self._open[thread] = connection
                if self.closing.is_set():
                    return
                connection.do_handshake()
                Handler(connection, client_address, self)
        finally:
            with self._lock:
                del self._open[thread]

    def handle_error(self, *_connection: Any) -> None:
        """Keep what is a mistake of ours; a client that went away or does not trust the CA is none."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.failures.append(error)


class Handler(BaseHTTPRequestHandler):
    """Reads requests and hands them to the site, or to the fault that strikes."""

    server: TlsServer
    connection: ssl.SSLSocket
    protocol_version = "HTTP/1.1"

    def serve(self) -> None:
        """Answer one request."""
        call = self._read()
        if call is None:
            return
        site, journal = self.server.site, self.server.journal
        kind = site.kind_of(call)
        if kind == "control":
            self.write(call, site.respond(kind, call))
            return
        request = Request(
            call.method, call.path, kind, time.time(), call.query, correlation_id=call.correlation_id
        )
        fault = self.server.faults.take(kind)
        request.fault = getattr(fault, "__name__", type(fault).__name__) if fault else None
        journal.arrived(request)
        exchange = HttpExchange(self, call, request)
        if fault is None:
            exchange.send(exchange.process())
        else:
            fault(exchange)

    # The names that `BaseHTTPRequestHandler` looks for.
    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the journal is the log."""

    def _read(self) -> Call | None:
        length = self.headers.get("Content-Length", "0")
        correlation_id = self.headers.get("client-request-id") or str(uuid.uuid4())
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > BODY_MAX_BYTES:
            self.close_connection = True
            self.write(Call("-", path, "", headers, b"", correlation_id), Response(411))
            self._drain()
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return Call(self.command, path, query, headers, body, correlation_id)

    def _drain(self) -> None:
        """Read on for a while: closing on unread data would reset the answer away."""
        self.connection.settimeout(0.5)
        deadline = time.monotonic() + 1
        with contextlib.suppress(OSError):
            while time.monotonic() < deadline and self.rfile.read1(1 << 16):
                pass

    def head(self, call: Call, response: Response) -> bytes:
        """The status line and headers, as Entra's: Date, and the two request ids."""
        headers = {
            "Date": formatdate(self.server.clock.now(), usegmt=True),
            "Content-Length": str(len(response.body)),
            "Content-Type": response.content_type,
            "Cache-Control": "no-store, no-cache",
            "Pragma": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "x-ms-request-id": str(uuid.uuid4()),
            "client-request-id": call.correlation_id,
            **response.headers,
        }
        if self.close_connection:
            headers["Connection"] = "close"
        phrase = http.HTTPStatus(response.status).phrase
        lines = [f"HTTP/1.1 {response.status} {phrase}", *(f"{n}: {v}" for n, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def write(self, call: Call, response: Response) -> None:
        """Send a whole answer."""
        body = b"" if call.method == "HEAD" else response.body
        self.wfile.write(self.head(call, response) + body)

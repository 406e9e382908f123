"""A TLS server on loopback that behaves as a test tells it, well or badly."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

import trustme


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    line: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


Behaviour = Callable[["TlsServer", ssl.SSLSocket], None]
"""What to do with a connection once its request is read."""


class TlsServer:
    """One thread accepts, one serves each connection; all end with the `with` block."""

    def __init__(self, certificate: trustme.LeafCert, behave: Behaviour) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self._context)
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"https://{self.host}"
        self._threads: list[threading.Thread] = []
        self.received: list[Received] = []
        self.asked = threading.Event()
        self.closing = threading.Event()

    def __enter__(self) -> TlsServer:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(10)
            with self._context.wrap_socket(connection, server_side=True) as secure:
                self.received.append(_read_request(secure))
                self.asked.set()
                self._behave(self, secure)


def _read_request(connection: ssl.SSLSocket) -> Received:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    return Received(line, headers, body.decode())


def message(status: int, body: bytes = b"{}", **fields: str) -> bytes:
    """An answer as bytes; `Retry_After="5"` becomes `Retry-After: 5`."""
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    headers |= {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answering(status: int, body: bytes = b"{}", **fields: str) -> Behaviour:
    """One whole answer."""
    return saying(message(status, body, **fields))


def saying(content: bytes) -> Behaviour:
    """These bytes, then the end."""

    def behave(_server: TlsServer, connection: ssl.SSLSocket) -> None:
        connection.sendall(content)

    return behave


def hanging(_server: TlsServer, _connection: ssl.SSLSocket) -> None:
    """Never answers, and never closes either."""
    _server.closing.wait(60)


def dripping(whole: bytes, *, ready: int = 0) -> Behaviour:
    """`ready` bytes at once, the others one by one, a tenth of a second apart: never silent for long."""

    def drops() -> Iterable[bytes]:
        yield whole[:ready]
        for position in range(ready, len(whole)):
            yield whole[position : position + 1]

    def behave(server: TlsServer, connection: ssl.SSLSocket) -> None:
        for drop in drops():
            connection.sendall(drop)
            if server.closing.wait(0.1):
                return

    return behave


def resetting(_server: TlsServer, connection: ssl.SSLSocket) -> None:
    """Ends the connection with a reset instead of an answer."""
    linger_zero = b"\1\0\0\0\0\0\0\0"
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
    connection.close()

"""Where a connection may lead instead of to the authority: servers on loopback that behave badly."""

from __future__ import annotations

import datetime
import enum
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import trustme

from tests.adapters.tls_server import TlsServer, answering

HOST = "login.contoso.example"
PROXY = "proxy.contoso.example"
STRANGER = "elsewhere.example"


class Detour(enum.Enum):
    """What a connection meets; those of a proxy are met on the way through one."""

    UNRESOLVED = "the name does not resolve"
    RESOLVER_HANGS = "the name server does not answer"
    REFUSED = "nobody listens"
    SILENT = "accepted, and not a byte"
    CLOSED = "accepted and closed"
    PLAIN = "not TLS"
    EXPIRED = "a certificate that has expired"
    UNTRUSTED = "a certificate of an unknown issuer"
    WRONG_NAME = "a certificate of another name"
    PROXY_FORBIDS = "a proxy that says 403"
    PROXY_WANTS_A_PASSWORD = "a proxy that says 407"
    PROXY_HANGS = "a proxy that does not answer"
    PROXY_IS_GONE = "a proxy that is not there"

    @property
    def through_proxy(self) -> bool:
        """Whether the environment names a proxy."""
        return self.name.startswith("PROXY_")


Behaviour = Callable[[socket.socket], None]


class _Door(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, behave: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self._behave = behave

    def finish_request(self, request: object, _address: object) -> None:
        assert isinstance(request, socket.socket)
        with suppress(OSError):
            request.settimeout(30)
            self._behave(request)


def _saying(content: bytes) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(content)

    return behave


def _refusing(status: str) -> Behaviour:
    return _saying(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


def _tunnel(connection: socket.socket) -> None:
    """An honest proxy: every name is this machine."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536) or b"\r\n\r\n"
    port = int(head.split(b" ")[1].rpartition(b":")[2])
    with socket.create_connection(("127.0.0.1", port)) as onward:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=_pump, args=(onward, connection), daemon=True)
        back.start()
        _pump(connection, onward)
        back.join(30)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            sink.sendall(content)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Doors:
    """`ports` says where each detour leads; `ca_pem` makes clients trust what is to be trusted here."""

    def __init__(self, ports: dict[Detour, int], *, tunnel: int, stranger: TlsServer, ca_pem: bytes) -> None:
        self.ports = ports
        self.tunnel = tunnel
        self.stranger = stranger
        self.ca_pem = ca_pem


@contextmanager
def open_doors() -> Iterator[Doors]:
    """All of them; they end with the `with` block."""
    issuer = trustme.CA(organization_name="Issuer of the detours")
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    closing = threading.Event()
    certificates = {
        Detour.EXPIRED: issuer.issue_cert(HOST, not_after=past),
        Detour.UNTRUSTED: trustme.CA().issue_cert(HOST),
        Detour.WRONG_NAME: issuer.issue_cert("login.example"),
    }

    def silent(_connection: socket.socket) -> None:
        closing.wait()

    behaviours: dict[Detour, Behaviour] = {
        Detour.SILENT: silent,
        Detour.CLOSED: lambda _connection: None,
        Detour.PLAIN: _saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        Detour.PROXY_FORBIDS: _refusing("403 Not \x1b[31mallowed"),
        Detour.PROXY_WANTS_A_PASSWORD: _refusing("407 Proxy Authentication Required"),
        Detour.PROXY_HANGS: silent,
    }
    with ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as gone:
        nobody = gone.getsockname()[1]
        gone.close()

        def door(behave: Behaviour) -> int:
            server = stack.enter_context(_Door(behave))
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            stack.callback(server.shutdown)
            return int(server.server_address[1])

        def impostor(certificate: trustme.LeafCert) -> TlsServer:
            return stack.enter_context(TlsServer(certificate, answering(200)))

        ports = {Detour.REFUSED: nobody, Detour.PROXY_IS_GONE: nobody}
        ports |= {detour: door(behave) for detour, behave in behaviours.items()}
        for detour, certificate in certificates.items():
            ports[detour] = int(impostor(certificate).host.rpartition(":")[2])
        stranger = impostor(issuer.issue_cert(STRANGER))
        stack.callback(closing.set)
        yield Doors(ports, tunnel=door(_tunnel), stranger=stranger, ca_pem=issuer.cert_pem.bytes())

"""The way to a host, step by step: proxy, name, connection, certificate. For `doctor`; nothing is asked."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sidecar.adapters.http.answer import failure
from sidecar.adapters.http.client import REQUEST_SECONDS
from sidecar.errors import SidecarError
from sidecar.posix.in_time import in_time
from sidecar.posix.trust import trusting

T = TypeVar("T")
HTTPS_PORT = 443


@dataclass(frozen=True)
class Route:
    """`proxy` is host and port of the next hop, None where there is none; its password stays hidden."""

    host: str
    port: int
    proxy: tuple[str, int] | None = None
    credentials: str | None = field(default=None, repr=False)

    @property
    def next_hop(self) -> tuple[str, int]:
        """Whom this machine connects to."""
        return self.proxy or (self.host, self.port)


@dataclass(frozen=True)
class Handshake:
    """What TLS agreed on; `expires_on` is seconds since 1970."""

    version: str
    issuer: str
    expires_on: float


def route_to(url: str) -> Route:
    """As `urllib` goes: HTTPS_PROXY and NO_PROXY decide, in either case.

    :raises ValueError: the proxy's address is none
    """
    parts = urllib.parse.urlsplit(url)
    host, port = parts.hostname or "", parts.port or HTTPS_PORT
    proxy = urllib.request.getproxies().get("https")
    if not proxy or urllib.request.proxy_bypass(parts.netloc):
        return Route(host, port)
    hop = urllib.parse.urlsplit(proxy if "://" in proxy else f"//{proxy}")
    try:
        sound = bool(hop.hostname) and hop.path in ("", "/") and not hop.query and not hop.fragment
        hop_port = hop.port
    except ValueError:  # its text holds what stands in the port's place: part of the password
        sound = False
    if not sound or hop.hostname is None:
        raise ValueError(
            "HTTPS_PROXY is no address of a proxy; in a password, # / ? @ are written %23 %2F %3F %40"
        )
    credentials = None
    if hop.username:
        pair = f"{urllib.parse.unquote(hop.username)}:{urllib.parse.unquote(hop.password or '')}"
        credentials = base64.b64encode(pair.encode()).decode()
    return Route(host, port, (hop.hostname, hop_port or HTTPS_PORT), credentials)


def addresses_of(host: str, *, seconds: float = REQUEST_SECONDS) -> list[str]:
    """The addresses of a name, at most once each.

    :raises SidecarError: there are none, or no answer in time
    """

    def resolve() -> list[str]:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    return _in_time(resolve, host=host, ca_file=None, seconds=seconds)


def handshake(route: Route, *, ca_file: Path | None, seconds: float = REQUEST_SECONDS) -> Handshake:
    """Connect and check the certificate as every request does.

    :raises SidecarError: no connection, or it is not trusted
    """

    def shake() -> Handshake:
        connection = _connection(route, trusting(ca_file), seconds)
        try:
            connection.connect()
            secure: ssl.SSLSocket = connection.sock
            certificate: Any = secure.getpeercert() or {}
            names = {key: value for part in certificate.get("issuer", ()) for key, value in part}
            return Handshake(
                version=secure.version() or "TLS",
                issuer=names.get("organizationName") or names.get("commonName") or "unknown",
                expires_on=ssl.cert_time_to_seconds(certificate["notAfter"]),
            )
        finally:
            connection.close()

    return _in_time(shake, host=f"{route.host}:{route.port}", ca_file=ca_file, seconds=seconds)


def issuer_shown(route: Route, *, seconds: float = REQUEST_SECONDS) -> str | None:
    """Who issued the certificate that is not trusted: most often it names the proxy that inspects TLS. None
    if that cannot be known. Nothing is sent on this connection.
    """

    def fetch() -> str:
        from cryptography import x509

        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = _connection(route, context, seconds)
        try:
            connection.connect()
            shown = connection.sock.getpeercert(binary_form=True)
            return x509.load_der_x509_certificate(shown or b"").issuer.rfc4514_string()
        finally:
            connection.close()

    with suppress(Exception):  # a courtesy, beside a failure that has been told
        return _in_time(fetch, host=route.host, ca_file=None, seconds=seconds)
    return None


def _connection(route: Route, context: ssl.SSLContext, seconds: float) -> http.client.HTTPSConnection:
    host, port = route.next_hop
    connection = http.client.HTTPSConnection(host, port, context=context, timeout=seconds)
    if route.proxy:
        headers = {"Proxy-Authorization": f"Basic {route.credentials}"} if route.credentials else {}
        connection.set_tunnel(route.host, route.port, headers)
    return connection


def _in_time(call: Callable[[], T], *, host: str, ca_file: Path | None, seconds: float) -> T:
    """Its failure by name.

    :raises SidecarError: it failed, or took too long
    """
    try:
        return in_time(call, seconds=seconds)
    except SidecarError:
        raise
    except Exception as error:
        raise failure(error, host=host, ca_file=ca_file) from None

"""Connections to the API server: whom they trust, and when they have heard enough."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from sidecar.adapters.kubernetes.transport import ANSWER_MAX_BYTES, Bounded
from tests.adapters.http_clients import CERTIFICATE, issuer_file
from tests.adapters.tls_server import Behaviour, TlsServer, answering, message, saying
from tests.posix.plain_authority import PlainAuthority


def asked(behave: Behaviour, ca_file: Path, clock: Iterator[float] | None = None) -> bytes:
    """What a server that behaves so is heard to say."""
    now = (lambda: next(clock)) if clock is not None else (lambda: 0.0)
    with (
        TlsServer(CERTIFICATE, behave) as server,
        httpx2.Client(transport=Bounded(ca_file, now=now), trust_env=False) as client,
    ):
        return client.get(f"{server.url}/").content


def test_an_answer_of_the_largest_object_is_heard(tmp_path: Path) -> None:
    """1 MiB in base64, with room."""
    assert len(asked(answering(200, b"x" * (2 << 20)), issuer_file(tmp_path))) == 2 << 20


def test_an_endless_answer_is_not_heard_to_its_end(tmp_path: Path) -> None:
    """Memory is bounded, whoever answers."""
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with pytest.raises(httpx2.RemoteProtocolError, match="more than 4 MiB"):
        asked(saying(head + b"x" * (ANSWER_MAX_BYTES + 1)), issuer_file(tmp_path))


def test_a_slow_drip_ends(tmp_path: Path) -> None:
    """Never silent for five seconds, and never done: ten seconds are enough."""
    with pytest.raises(httpx2.ReadTimeout, match="not within 10 s"):
        asked(saying(message(200, b"{}")), issuer_file(tmp_path), iter((0.0, 10.5, 11.0)))


def test_redirects_are_not_followed(tmp_path: Path) -> None:
    """The ServiceAccount's token goes to one server."""
    assert asked(answering(302, b"gone", Location="https://127.0.0.1:1/"), issuer_file(tmp_path)) == b"gone"


def test_a_clusters_authority_needs_no_key_usage(tmp_path: Path) -> None:
    """Python 3.13 is strict by default, and older clusters have such authorities; all else is checked."""
    made: list[ssl.SSLContext] = []

    def strict(*, cafile: Path) -> ssl.SSLContext:
        made.append(ssl.create_default_context(cafile=cafile))
        made[0].verify_flags |= ssl.VERIFY_X509_STRICT
        return made[0]

    Bounded(PlainAuthority.new("cluster").write_certificate(tmp_path / "ca.crt"), make=strict)
    assert not made[0].verify_flags & ssl.VERIFY_X509_STRICT
    assert made[0].verify_mode is ssl.CERT_REQUIRED
    assert made[0].check_hostname

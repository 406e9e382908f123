"""Whom TLS trusts: what companies' own authorities may lack, and what no server may."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from sidecar.posix.trust import trusting
from tests.posix.plain_authority import PlainAuthority

HOST = "login.example"


def as_python_3_13_makes_it() -> ssl.SSLContext:
    """Strict by default; earlier ones are not."""
    context = ssl.create_default_context()
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def handshake(client: ssl.SSLContext, server: Path) -> None:
    """Both ends in memory; `server` is a file with key and certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(back, there, server_hostname=HOST)
    answering = context.wrap_bio(there, back, server_side=True)
    for end in (asking, answering, asking):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue


@pytest.fixture
def authority() -> PlainAuthority:
    """A company's."""
    return PlainAuthority.new("proxy")


def test_authority_without_key_usage_is_trusted_as_curl_does(
    authority: PlainAuthority, tmp_path: Path
) -> None:
    """A TLS-inspecting proxy that works with curl works with SIDECAR_CA_FILE on any Python."""
    server = authority.write_server(tmp_path / "server.pem", HOST)
    ca_file = authority.write_certificate(tmp_path / "ca.pem")
    strict = as_python_3_13_makes_it()
    strict.load_verify_locations(cafile=ca_file)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(strict, server)
    handshake(trusting(ca_file, make=as_python_3_13_makes_it), server)


@pytest.mark.parametrize(
    ("issuer", "host", "days", "said"),
    [
        ("other", HOST, 1, "unable to get local issuer certificate"),
        ("proxy", "other.example", 1, "Hostname mismatch"),
        ("proxy", HOST, -1, "certificate has expired"),
    ],
)
def test_chain_host_name_and_dates_are_checked_all_the_same(
    authority: PlainAuthority, tmp_path: Path, issuer: str, host: str, days: int, said: str
) -> None:
    """What keeps others from standing in for the authority stays."""
    signing = authority if issuer == "proxy" else PlainAuthority.new(issuer)
    server = signing.write_server(tmp_path / "server.pem", host, days=days)
    ca_file = authority.write_certificate(tmp_path / "ca.pem")
    with pytest.raises(ssl.SSLCertVerificationError, match=said):
        handshake(trusting(ca_file, make=as_python_3_13_makes_it), server)

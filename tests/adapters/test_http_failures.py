"""Requests that fail on the way: time, connections, names, certificates, proxies, signals."""

from __future__ import annotations

import datetime
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from sidecar.adapters.http import HttpClient
from sidecar.adapters.http.answer import Response, checked
from sidecar.errors import (
    AuthorityBusy,
    AuthorityMisconfigured,
    AuthorityUnreachable,
    AuthorityUntrusted,
    ConfigurationError,
    SidecarError,
)
from tests.adapters.http_clients import (
    CERTIFICATE,
    ISSUER,
    PATIENCE_SECONDS,
    Shelf,
    client_in,
    issuer_file,
)
from tests.adapters.tls_server import (
    Behaviour,
    TlsServer,
    answering,
    dripping,
    hanging,
    message,
    resetting,
    saying,
)
from tests.posix.identities import needs_root
from tests.posix.processes import running

BODY = b'{"access_token": "secret-in-the-answer"}'
WHOLE = message(200, BODY)
HEAD_BYTES = WHOLE.index(b"\r\n\r\n") + 4
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SYSTEM_ONLY = "Trusted are the system's authorities."


@contextmanager
def _answering_once(listener: socket.socket, answer: bytes) -> Iterator[None]:
    """One connection is read from once, answered and closed."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield
    thread.join(10)


TRUSTED = "Trusted are the system's authorities and {ca}."


def failure_of(client: HttpClient, url: str) -> SidecarError:
    """The error of a POST; it shows nothing of request or answer."""
    with pytest.raises(SidecarError) as caught:
        client.post(f"{url}/token?q=secret-in-the-request", data={"refresh_token": "secret-in-the-form"})
    error = caught.value
    shown = f"{error.message} {error.advice} {error.fields} {error!r} {error.__cause__!r}"
    assert "secret-in" not in shown
    return error


@pytest.fixture
def closed_port() -> int:
    """A port of loopback where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize(
    "behave",
    [hanging, dripping(WHOLE), dripping(WHOLE, ready=HEAD_BYTES)],
    ids=["silent", "headers drip", "body drips"],
)
def test_request_has_its_time_in_all(tmp_path: Path, behave: Behaviour) -> None:
    """However the server spreads its bytes: silence, or one byte in time again and again."""
    with TlsServer(CERTIFICATE, behave) as server:
        started = time.monotonic()
        error = failure_of(client_in(tmp_path), server.url)
        took = time.monotonic() - started
    assert isinstance(error, AuthorityUnreachable)
    assert took < PATIENCE_SECONDS + 1
    assert error.fields["cause"] == "time-out"
    assert f"no answer from {server.host} in time" in error.message
    assert error.retryable


def test_server_that_never_greets_costs_the_same_time(tmp_path: Path) -> None:
    """The connection is taken, but TLS never begins."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        error = failure_of(client_in(tmp_path), f"https://127.0.0.1:{listener.getsockname()[1]}")
        assert time.monotonic() - started < PATIENCE_SECONDS + 1
    assert error.fields["cause"] == "time-out"


ODD_ADDRESSES = ["https://[::1/x", "https://", "http://login.example/", "x", None, 5, ["https://a/"]]


@pytest.mark.parametrize("address", ODD_ADDRESSES)
def test_address_of_another_kind_is_told_and_forgotten(tmp_path: Path, address: Any) -> None:
    """A discovery document may name anything; it would be kept, and fail, for a day."""
    shelf = Shelf({"kept": "{}"})
    with pytest.raises(AuthorityMisconfigured, match="not https"):
        client_in(tmp_path, documents=shelf).post(address)
    assert shelf.texts == {}


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1:1/a b", "https://127.0.0.1:1/é", "https://127.0.0.1:x/"]
)
def test_address_that_nothing_can_be_sent_to_is_forgotten(tmp_path: Path, address: str) -> None:
    """The same, for what only the sending shows."""
    shelf = Shelf({"kept": "{}"})
    with pytest.raises(AuthorityUnreachable):
        client_in(tmp_path, documents=shelf).post(address)
    assert shelf.texts == {}


@pytest.mark.parametrize(
    ("behave", "cause"),
    [
        (resetting, r"ConnectionResetError|RemoteDisconnected|SSLEOFError|SSLError"),
        (saying(b""), "RemoteDisconnected"),
        (saying(WHOLE[: HEAD_BYTES - 2]), "http 200"),
        (saying(WHOLE[:-5]), "http 200|IncompleteRead"),
        (saying(CHUNKED + b"fff\r\n{"), "IncompleteRead"),
        (saying(CHUNKED + b"zz\r\n{}"), "IncompleteRead"),
        (saying(b"SSH-2.0-OpenSSH\r\n"), "BadStatusLine"),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}"), "HTTPException"),
    ],
    ids=[
        "reset",
        "nothing",
        "headers only",
        "short",
        "short chunk",
        "bad chunk",
        "no http",
        "too many headers",
    ],
)
def test_broken_answer_is_no_answer(tmp_path: Path, behave: Behaviour, cause: str) -> None:
    """Half an answer is never taken for a whole one; it is tried again."""
    with TlsServer(CERTIFICATE, behave) as server:
        error = failure_of(client_in(tmp_path, timeout_seconds=5), server.url)
    assert isinstance(error, AuthorityUnreachable)
    assert error.retryable
    assert re.fullmatch(cause, str(error.fields["cause"]))
    assert server.host in error.message


def test_closed_port_says_so(tmp_path: Path, closed_port: int) -> None:
    """69, with the network's advice."""
    error = failure_of(client_in(tmp_path), f"https://127.0.0.1:{closed_port}")
    assert isinstance(error, AuthorityUnreachable)
    assert error.message == f"no answer from 127.0.0.1:{closed_port}: Connection refused"
    assert "HTTPS_PROXY" in error.advice
    assert error.exit_code == 69


@needs_root
def test_name_that_does_not_resolve_says_so() -> None:
    """`.invalid` never exists (RFC 6761 section 6.4); the question does not leave the machine."""
    asked = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "tests.adapters.unresolved_request"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert asked.stdout.startswith("dns name.invalid cannot be resolved (")
    assert "query" not in asked.stdout


def test_name_that_cannot_be_one_is_a_failure_too(tmp_path: Path) -> None:
    """Whatever the libraries raise comes out as one of ours, without the URL."""
    error = failure_of(client_in(tmp_path), f"https://{'x' * 64}.invalid")
    assert isinstance(error, AuthorityUnreachable)
    assert error.fields["cause"] in {"UnicodeError", "UnicodeEncodeError"}


@pytest.mark.parametrize(
    ("certificate", "said", "advice"),
    [
        (trustme.CA().issue_cert("127.0.0.1"), "unable to get local issuer certificate", TRUSTED),
        (ISSUER.issue_cert("login.example"), "IP address mismatch", TRUSTED),
        (
            ISSUER.issue_cert("127.0.0.1", not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)),
            "certificate has expired; this machine's clock says 20",
            "set the clock of the node",
        ),
        (
            ISSUER.issue_cert("127.0.0.1", not_before=datetime.datetime(2037, 1, 1, tzinfo=datetime.UTC)),
            "certificate is not yet valid; this machine's clock says 20",
            "set the clock of the node",
        ),
    ],
    ids=["other issuer", "other name", "expired", "not yet valid"],
)
def test_certificate_that_is_not_trusted_is_named(
    tmp_path: Path, certificate: trustme.LeafCert, said: str, advice: str
) -> None:
    """69, not tried again, with the reason and what is trusted; no request is sent."""
    with TlsServer(certificate, answering(200)) as server:
        error = failure_of(client_in(tmp_path, timeout_seconds=5), server.url)
    assert isinstance(error, AuthorityUntrusted)
    assert said in error.message
    assert server.host in error.message
    assert advice.format(ca=tmp_path / "ca.pem") in error.advice
    assert (error.exit_code, error.retryable, error.fields["cause"]) == (69, False, "tls")
    assert server.received == []


def test_private_authority_is_not_trusted_by_itself() -> None:
    """Without SIDECAR_CA_FILE the advice is to set it; an old document does not hide the danger."""
    with TlsServer(CERTIFICATE, answering(200)) as server:
        client = HttpClient(documents=Shelf({server.url: "{}"}), timeout_seconds=5)
        error = failure_of(client, server.url)
        assert isinstance(error, AuthorityUntrusted)
        assert SYSTEM_ONLY in error.advice
        assert "SIDECAR_CA_FILE" in error.advice
        with pytest.raises(AuthorityUntrusted):
            client.get(server.url)


@pytest.mark.parametrize("kind", ["missing", "garbage", "empty", "directory"])
def test_ca_file_that_holds_no_certificate_is_a_configuration_error(tmp_path: Path, kind: str) -> None:
    """78 before any request, naming setting and path."""
    path = tmp_path / "ca.pem"
    if kind == "directory":
        path.mkdir()
    elif kind != "missing":
        path.write_text("" if kind == "empty" else "-----BEGIN CERTIFICATE-----\ngarbage\n")
    with pytest.raises(ConfigurationError, match=f"^SIDECAR_CA_FILE: {path} cannot be read") as caught:
        HttpClient(documents=Shelf(), ca_file=path)
    assert caught.value.exit_code == 78


def test_proxy_that_is_not_there_is_named_as_a_network_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    """HTTPS_PROXY is obeyed, even if that fails: nothing goes around it."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port}")
    with TlsServer(CERTIFICATE, answering(200)) as server:
        error = failure_of(client_in(tmp_path), server.url)
        assert server.received == []
    assert "Connection refused" in error.message
    assert "HTTPS_PROXY" in error.advice


def test_refusal_of_a_proxy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy answers CONNECT with 403: the message has the number, made safe to print."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(10)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        refusal = b"HTTP/1.1 403 Not \x1b[31mallowed\r\nContent-Length: 0\r\n\r\n"
        with _answering_once(proxy, refusal):
            error = failure_of(client_in(tmp_path, timeout_seconds=5), "https://login.example")
    assert isinstance(error, AuthorityUnreachable)
    assert "login.example: Tunnel connection failed: 403 Not" in error.message
    assert "\x1b" not in error.message


def test_no_proxy_goes_around_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    """Hosts named in NO_PROXY are asked directly."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with TlsServer(CERTIFICATE, answering(200)) as server:
        assert client_in(tmp_path).post(server.url).status_code == 200


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_during_a_hanging_request_is_answered_within_a_second(
    tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    """Outside of a hold a process that waits for a server ends at once."""
    with (
        TlsServer(CERTIFICATE, hanging) as server,
        running("tests.adapters.hanging_request", server.url, issuer_file(tmp_path)) as process,
    ):
        assert server.asked.wait(20)
        sent = time.monotonic()
        process.send_signal(signum)
        assert process.wait(5) == code
        assert time.monotonic() - sent < 4


@pytest.mark.parametrize(("headers", "pause"), [({}, 300), ({"Retry-After": "7"}, 7)])
def test_what_the_authority_says_beside_a_429_is_told(headers: dict[str, str], pause: int) -> None:
    """Its number advises as elsewhere; the pause is the header's if there is one, else the number's own."""
    said = {"error": "invalid_grant", "error_codes": [50196], "correlation_id": "c"}
    with pytest.raises(AuthorityBusy) as caught:
        checked(Response(429, json.dumps(said), headers), host="login.example")
    assert caught.value.retry_after == pause
    assert caught.value.fields["correlation_id"] == "c"
    assert caught.value.fields["see"] == "docs/errors.md#aadsts-50196"
    assert "login.example answered 429" in caught.value.message

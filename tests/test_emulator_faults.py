"""The stand-in for Entra: each fault does what it says, and no more than it says."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest
import requests

from tests.emulator import Emulator, faults
from tests.emulator.client import Client

REFRESH = "token:refresh_token"


@pytest.fixture
def client(entra: Emulator) -> Iterator[Client]:
    """MSAL in front of it."""
    with Client(entra) as made:
        yield made


@pytest.fixture
def token(client: Client) -> str:
    """A refresh token."""
    return str(client.sign_in()["refresh_token"])


def test_a_status_strikes_as_often_as_told_and_says_when_to_retry(
    entra: Emulator, client: Client, token: str
) -> None:
    """503 twice with Retry-After in seconds, then the true answer."""
    entra.faults.next(REFRESH, faults.Status(503, retry_after=7), times=2)
    first, second, third = (client.post_refresh(token) for _ in range(3))
    assert [r.status_code for r in (first, second, third)] == [503, 503, 200]
    assert first.headers["Retry-After"] == "7"
    assert first.headers["Content-Type"].startswith("text/html")
    assert [r.fault for r in entra.requests if r.kind == REFRESH] == ["Status", "Status", None]


def test_throttling_may_be_json_and_dated(entra: Emulator, client: Client, token: str) -> None:
    """429 in Entra's words, Retry-After as an HTTP date by the server's clock."""
    entra.faults.next(REFRESH, faults.Status(429, retry_after=90, retry_after_date=True, body="json"))
    response = client.post_refresh(token)
    until = parsedate_to_datetime(response.headers["Retry-After"]).timestamp()
    assert response.status_code == 429
    assert response.json()["error_codes"] == [90055]
    assert 88 <= until - entra.clock.now() <= 90


@pytest.mark.parametrize("fault", [faults.Reset(), faults.LostAnswer(), faults.Hang(0), faults.Truncated()])
def test_broken_connections_are_broken_for_one_request(
    entra: Emulator, client: Client, token: str, fault: faults.Fault
) -> None:
    """The client sees no answer, and the next request is good."""
    entra.faults.next(REFRESH, fault)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.post_refresh(token)
    assert client.post_refresh(token).status_code == 200


@pytest.mark.parametrize("fault", [faults.Reset(), faults.LostAnswer()])
def test_a_reset_is_a_tcp_reset(entra: Emulator, fault: faults.Fault) -> None:
    """Below TLS, whose end of file looks the same either way."""
    entra.faults.next("me", fault)
    with pytest.raises(ConnectionResetError):
        _bytes_after_a_request(entra)


def test_a_cut_is_none(entra: Emulator) -> None:
    """The connection ends in good order."""
    entra.faults.next("me", faults.Hang(0))
    assert _bytes_after_a_request(entra)[-1:] == [b""]


def _bytes_after_a_request(entra: Emulator) -> list[bytes]:
    context = ssl.create_default_context(cafile=entra.ca_file)
    with (
        socket.create_connection(("127.0.0.1", entra.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"GET /v1.0/me HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = [b"-"]
        while received[-1]:
            received.append(socket.socket.recv(connection, 1 << 16))
        return received


def test_a_lost_answer_was_processed_and_a_reset_request_was_not(entra: Emulator, client: Client) -> None:
    """With one-time rotation the first costs the sign-in and the second does not."""
    entra.policy.rotation = "one-time"
    for fault, expected in ((faults.Reset(), 200), (faults.LostAnswer(), 400)):
        token = client.sign_in()["refresh_token"]
        entra.faults.next(REFRESH, fault)
        with pytest.raises(requests.ConnectionError):
            client.post_refresh(token)
        assert client.post_refresh(token).status_code == expected


def test_a_hang_outlasts_the_clients_patience(entra: Emulator, client: Client, token: str) -> None:
    """The request is logged at once and stays without a status."""
    entra.faults.next(REFRESH, faults.Hang(30))
    with pytest.raises(requests.Timeout):
        client.post_refresh(token, timeout_seconds=0.2)
    assert [r.status for r in entra.wait_for(REFRESH)] == [None]


def test_a_hang_may_end_in_a_late_answer(entra: Emulator, client: Client, token: str) -> None:
    """It is processed after the silence."""
    entra.faults.next(REFRESH, faults.Hang(0.3, then_answer=True))
    started = time.monotonic()
    assert client.post_refresh(token).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_closing_releases_what_hangs_within_a_second() -> None:
    """A hang, a drip and an idle connection do not hold the emulator up."""
    entra = Emulator()
    with entra, Client(entra) as client, Client(entra) as idle:
        token = client.sign_in()["refresh_token"]
        assert idle.get("/v1.0/me").status_code == 401
        entra.faults.next(REFRESH, faults.Hang(60))
        entra.faults.next(REFRESH, faults.Drip(60))
        for _ in range(2):
            with pytest.raises(requests.RequestException):
                client.post_refresh(token, timeout_seconds=0.2)
        started = time.monotonic()
        entra.close()
        assert time.monotonic() - started < 4
        assert not entra.ca_file.exists()


def test_a_drip_is_slow_and_complete(entra: Emulator, client: Client, token: str) -> None:
    """Every byte comes in the end."""
    entra.faults.next(REFRESH, faults.Drip(0.0001))
    assert client.post_refresh(token).json()["token_type"] == "Bearer"


@pytest.mark.parametrize("status", [200, 302, 403])
def test_a_portal_answers_with_a_page(entra: Emulator, client: Client, token: str, status: int) -> None:
    """HTML with any status, and the way to the portal."""
    entra.faults.next(REFRESH, faults.Html(status))
    response = client.post_refresh(token)
    assert (response.status_code, response.text[:9]) == (status, "<!doctype")
    assert ("Location" in response.headers) is (status == 302)


@pytest.mark.parametrize("content", [[], "text", None, 1])
def test_json_may_have_the_wrong_shape(entra: Emulator, client: Client, token: str, content: object) -> None:
    """Anything but an object."""
    entra.faults.next(REFRESH, faults.WrongShape(content))
    assert client.post_refresh(token).json() == content


def test_bytes_need_not_be_json(entra: Emulator, client: Client, token: str) -> None:
    """Raw bytes are sent as they are."""
    entra.faults.next(REFRESH, faults.WrongShape(raw=b"\xff{"))
    assert client.post_refresh(token).content == b"\xff{"


def test_a_good_answer_can_be_changed(entra: Emulator, client: Client) -> None:
    """Keys set, dropped and rewritten; an error answer is left alone."""

    def shout(answer: dict[str, object]) -> None:
        answer["scope"] = str(answer["scope"]).upper()

    fault = faults.Answer(shout, put={"expires_in": "0"}, drop=("ext_expires_in",))
    entra.faults.always("token", fault)
    flow = client.begin()
    assert client.poll(flow)["error"] == "authorization_pending"
    entra.approve()
    token = client.poll(flow)["refresh_token"]
    answer = client.post_refresh(token).json()
    assert answer["expires_in"] == "0"
    assert answer["scope"].startswith("HTTPS://")
    assert "ext_expires_in" not in answer


def test_any_error_of_entras_can_be_asked_for(entra: Emulator, client: Client, token: str) -> None:
    """By its number, with another suberror if need be."""
    entra.faults.next(REFRESH, faults.Refuse(53003, suberror="protection_policy_required"))
    answer = client.post_refresh(token).json()
    assert (answer["error_codes"], answer["suberror"]) == ([53003], "protection_policy_required")


def test_standing_faults_end_by_the_clock_or_when_cleared(
    entra: Emulator, client: Client, token: str
) -> None:
    """`until` is by the emulator's clock; a counted fault comes before a standing one."""
    entra.faults.always("*", faults.Status(500), until=entra.clock.now() + 60)
    entra.faults.next(REFRESH, faults.Status(502))
    assert [client.post_refresh(token).status_code for _ in range(2)] == [502, 500]
    entra.clock.advance(60)
    assert client.post_refresh(token).status_code == 200
    entra.faults.always("token", faults.Status(500))
    assert client.post_refresh(token).status_code == 500
    entra.faults.clear("token")
    assert client.post_refresh(token).status_code == 200


def test_a_fault_strikes_only_its_kind(entra: Emulator, client: Client, token: str) -> None:
    """Discovery and device codes go on while renewals fail."""
    entra.faults.always(REFRESH, faults.Status(500))
    assert "user_code" in client.begin()
    assert client.post_refresh(token).status_code == 500
    assert entra.faults.pending() == 0
    assert json.loads(client.get(f"/{entra.tenant_id}/v2.0/.well-known/openid-configuration").text)


def test_a_fault_sees_what_was_asked(entra: Emulator, client: Client, token: str) -> None:
    """The form of the request, so that a test can tell which refresh token was used."""
    used: list[str] = []

    def note(exchange: faults.Exchange) -> None:
        used.append(exchange.form()["refresh_token"])
        exchange.send(exchange.process())

    entra.faults.next(REFRESH, note)
    assert client.post_refresh(token).status_code == 200
    assert used == [token]

"""What MSAL's HTTP client asks, and what it makes of the answers."""

from __future__ import annotations

import email.utils
import json
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.adapters.http import BODY_MAX_BYTES, HttpClient
from sidecar.core.retry_after import retry_after_seconds
from sidecar.errors import AuthorityBusy, AuthorityMisconfigured, AuthorityUnreachable, SidecarError
from tests.adapters.http_clients import CERTIFICATE, Shelf, client_in, issuer_file
from tests.adapters.tls_server import Behaviour, TlsServer, answering, saying

SECRET = "secret-in-the-request"
ANSWERED = "secret-in-the-answer"
NOW = 1_790_000_000.0


def posted(folder: Path, behave: Behaviour) -> SidecarError:
    """The error that a POST ends with; it shows nothing of request or answer."""
    with TlsServer(CERTIFICATE, behave) as server, pytest.raises(SidecarError) as caught:
        client_in(folder).post(f"{server.url}/token?q={SECRET}", data={"refresh_token": SECRET})
    error = caught.value
    shown = f"{error.message} {error.advice} {error.fields} {error.__cause__!r} {error!r}"
    assert SECRET not in shown
    assert ANSWERED not in shown
    assert server.host in error.message
    return error


def test_form_is_posted_without_unused_values(tmp_path: Path) -> None:
    """MSAL passes `claims=None`; sent as text it would be a malformed request."""
    with TlsServer(CERTIFICATE, answering(200, b'{"a": 1}')) as server:
        response = client_in(tmp_path).post(
            f"{server.url}/token",
            params={"p": "1 2"},
            data={"scope": "a b", "claims": None, "empty": ""},
            headers={"X-Client": "me"},
            timeout=1,
        )
    [request] = server.received
    assert request.line == "POST /token?p=1+2 HTTP/1.1"
    assert parse_qs(request.body, keep_blank_values=True) == {"scope": ["a b"], "empty": [""]}
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    assert request.headers["x-client"] == "me"
    assert (response.status_code, response.text) == (200, '{"a": 1}')


def test_form_may_be_missing(tmp_path: Path) -> None:
    """An empty POST is one."""
    with TlsServer(CERTIFICATE, answering(200)) as server:
        client_in(tmp_path).post(server.url)
    assert server.received[0].headers["content-length"] == "0"


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refusal_as_json_is_an_answer(tmp_path: Path, status: int) -> None:
    """OAuth errors are for MSAL to read; nothing shows the body by accident."""
    body = json.dumps({"error": "invalid_grant", "error_description": ANSWERED}).encode()
    with TlsServer(CERTIFICATE, answering(status, body, x_ms_request_id="id")) as server:
        client = client_in(tmp_path)
        response = client.post(server.url)
        client.close()
    response.raise_for_status()
    assert (response.status_code, response.text) == (status, body.decode())
    assert response.headers["X-Ms-Request-Id"] == "id"
    assert ANSWERED not in repr(response)


@pytest.mark.parametrize("status", [429, 500, 503, 504])
@pytest.mark.parametrize(("value", "seconds"), [(None, None), ("7", 7), (" 7 ", 7), ("soon", None)])
def test_busy_server_is_an_error_with_its_wish(
    tmp_path: Path, status: int, value: str | None, seconds: int | None
) -> None:
    """MSAL would remember such an answer for a minute instead of asking again."""
    fields = {} if value is None else {"retry_after": value}
    error = posted(tmp_path, answering(status, f'{{"x": "{ANSWERED}"}}'.encode(), **fields))
    assert isinstance(error, AuthorityBusy)
    assert error.retry_after == seconds
    assert error.retryable
    assert f"answered {status}" in error.message
    assert error.fields["cause"] == f"http {status}"


def test_busy_server_may_name_a_date(tmp_path: Path) -> None:
    """Retry-After as an HTTP date, counted from now."""
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    error = posted(tmp_path, answering(503, b"", retry_after=date))
    assert isinstance(error, AuthorityBusy)
    assert error.retry_after is not None
    assert 95 <= error.retry_after <= 100


@pytest.mark.parametrize("offset", [-7200, 7200])
def test_date_of_a_server_counts_by_the_servers_clock(tmp_path: Path, offset: int) -> None:
    """Its answer carries the time it was sent: a pause of 100 s is one, whatever our clock says."""
    sent_on = time.time() + offset
    date, later = (email.utils.formatdate(at, usegmt=True) for at in (sent_on, sent_on + 100))
    error = posted(tmp_path, answering(503, b"", date=date, retry_after=later))
    assert isinstance(error, AuthorityBusy)
    assert error.retry_after == 100


def test_time_of_the_authority_is_told_with_every_answer(tmp_path: Path) -> None:
    """Only where it answers itself: what a portal says of the time is not heard."""
    heard: list[float] = []
    for body in (b"{}", b"<html>"):
        date = "Sun, 06 Nov 1994 08:49:37 GMT"
        with TlsServer(CERTIFICATE, answering(200, body, date=date)) as server:
            client = HttpClient(documents=Shelf(), ca_file=issuer_file(tmp_path), heard_time=heard.append)
            with suppress(AuthorityUnreachable):
                client.post(server.url)
    assert heard == [784111777.0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        ("-1", None),
        ("1.5", None),
        ("9" * 400, 999_999_999),
        ("Mon, 21 Sep 2026 14:13:50 GMT", 30),
        ("Mon, 21 Sep 2026 16:13:50 +0200", 30),
        ("Mon, 21 Sep 2026 14:00:00 GMT", 0),
        ("Mon, 99 Sep 2026 14:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: int | None) -> None:
    """RFC 9110 section 10.2.3; a date that has passed is no pause, nonsense is no wish."""
    assert retry_after_seconds(value, now=NOW) == seconds


_ODD_DATE = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Mon", "", "X"]),
    st.integers(-1, 40),
    st.sampled_from(["Jan", "Feb", "Foo", "1"]),
    st.integers(-1, 20000),
    st.integers(-1, 30),
    st.integers(-1, 70),
    st.integers(-1, 70),
    st.sampled_from(["GMT", "-0000", "+9999", "-9999", "", "UT", "+000000000000000000000000"]),
)


@given(st.one_of(st.text(), _ODD_DATE))
def test_no_retry_after_is_a_failure_of_its_own(value: str) -> None:
    """Whatever a server sends there: a number of seconds that is not negative, or none."""
    seconds = retry_after_seconds(value, now=NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    "body",
    [
        b"<html>sign in to the network: secret-in-the-answer</html>",
        b"",
        b'["secret-in-the-answer"]',
        b'"text"',
        b'{"cut": ',
        b"\xff\xfe",
    ],
)
def test_answer_that_is_no_json_object_is_somebody_elses(tmp_path: Path, body: bytes) -> None:
    """A captive portal answers 200 with a page: named as such, with its type, never with its text."""
    error = posted(tmp_path, answering(200, body, content_type="text/html; charset=utf-8"))
    assert isinstance(error, AuthorityUnreachable)
    assert "answered 200 with something that is not a JSON object ('text/html')" in error.message
    assert "captive portal" in error.advice
    assert error.fields["cause"] == "http 200"


def test_type_in_the_message_is_short_and_printable(tmp_path: Path) -> None:
    """It comes from outside and goes to a terminal."""
    error = posted(tmp_path, answering(200, b"", content_type="\x1b[31m" + "x" * 500))
    assert "\x1b" not in error.message
    assert len(error.message) < 200


def test_answer_without_a_type_is_told_so(tmp_path: Path) -> None:
    """There may be no header at all."""
    error = posted(tmp_path, saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"))
    assert "'no content type'" in error.message


@pytest.mark.parametrize(("extra", "accepted"), [(0, True), (1, False)])
def test_body_beyond_a_megabyte_is_not_read(tmp_path: Path, extra: int, accepted: bool) -> None:
    """An endless answer must not fill the memory of a small pod."""
    body = b'{"a": "' + b"x" * (BODY_MAX_BYTES - 9 + extra) + b'"}'
    with TlsServer(CERTIFICATE, answering(200, body)) as server:
        client = client_in(tmp_path, timeout_seconds=5)
        if accepted:
            assert len(client.post(server.url).text) == BODY_MAX_BYTES
        else:
            with pytest.raises(AuthorityUnreachable, match="not a JSON object"):
                client.post(server.url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(tmp_path: Path, status: int) -> None:
    """A refresh token goes to the configured host or nowhere: the second server sees nothing."""
    with TlsServer(CERTIFICATE, answering(200)) as second:
        error = posted(tmp_path, answering(status, b"moved", location=f"{second.url}/token"))
        assert second.received == []
    assert isinstance(error, AuthorityUnreachable)
    assert f"answered {status}" in error.message


def test_redirect_of_the_discovery_document_is_not_followed_either(tmp_path: Path) -> None:
    """Whoever answers elsewhere would name the endpoints."""
    with TlsServer(CERTIFICATE, answering(200)) as second:
        with (
            TlsServer(CERTIFICATE, answering(302, b"", location=second.url)) as first,
            pytest.raises(AuthorityUnreachable),
        ):
            client_in(tmp_path).get(first.url)
        assert second.received == []


SOUND = b'{"token_endpoint": "https://x/token", "device_authorization_endpoint": "https://x/device"}'


def test_fresh_document_costs_no_request(tmp_path: Path) -> None:
    """The first GET asks and keeps, the next one does not ask; the key is the URL with its query."""
    shelf = Shelf()
    with TlsServer(CERTIFICATE, answering(200, SOUND)) as server:
        client = client_in(tmp_path, documents=shelf)
        first = client.get(server.url, params={"v": "2"}, headers={"X": "1"})
        url = f"{server.url}?v=2"
        assert shelf.texts == {url: first.text}
        shelf.recent.add(url)
        second = client.get(server.url, params={"v": "2"})
    assert len(server.received) == 1
    assert (second.status_code, second.text) == (200, first.text)


@pytest.mark.parametrize(
    "behave", [answering(503), answering(200, b"<html>"), saying(b"")], ids=["busy", "portal", "nothing"]
)
def test_old_document_serves_while_the_authority_fails(tmp_path: Path, behave: Behaviour) -> None:
    """Endpoints hardly ever move; the failure itself is not kept."""
    with TlsServer(CERTIFICATE, behave) as server:
        shelf = Shelf({server.url: '{"old": 1}'})
        response = client_in(tmp_path, documents=shelf).get(server.url)
        assert (response.status_code, response.text) == (200, '{"old": 1}')
        assert len(server.received) == 1
        assert shelf.texts == {server.url: '{"old": 1}'}


@pytest.mark.parametrize(
    "document",
    [
        b"{}",
        SOUND.replace(b"token_endpoint", b"other"),
        SOUND.replace(b"https://x/device", b"http://x/device"),
        SOUND.replace(b'"https://x/token"', b"[]"),
    ],
)
def test_document_that_nobody_could_sign_in_with_replaces_none_that_could(
    tmp_path: Path, document: bytes
) -> None:
    """A provider's bad minute must not cost a pod that has all it needs; without an old one it is told."""
    with TlsServer(CERTIFICATE, answering(200, document)) as server:
        shelf = Shelf({server.url: "{}"})
        assert client_in(tmp_path, documents=shelf).get(server.url).text == "{}"
        assert shelf.texts == {server.url: "{}"}
        shelf.texts.clear()
        assert client_in(tmp_path, documents=shelf).get(server.url).text == document.decode()
        assert shelf.texts == {}


def test_failure_without_an_old_document_is_told(tmp_path: Path) -> None:
    """Nothing is made up."""
    with TlsServer(CERTIFICATE, answering(503)) as server, pytest.raises(AuthorityBusy):
        client_in(tmp_path).get(server.url)


def test_refused_document_is_not_kept(tmp_path: Path) -> None:
    """404 as JSON (a wrong tenant) is for MSAL to read, and asked for again next time."""
    shelf = Shelf()
    with TlsServer(CERTIFICATE, answering(404, b'{"error": "x"}')) as server:
        assert client_in(tmp_path, documents=shelf).get(server.url).status_code == 404
    assert shelf.texts == {}


@pytest.mark.parametrize(("status", "kept"), [(404, False), (410, False), (400, True), (503, True)])
def test_endpoint_that_is_gone_ends_the_life_of_the_document_that_named_it(
    tmp_path: Path, status: int, kept: bool
) -> None:
    """A provider that moves its endpoints is asked for them again, not a day later."""
    shelf = Shelf({"https://login.example/discovery": "{}"})
    with TlsServer(CERTIFICATE, answering(status, b"<html>")) as server, pytest.raises(SidecarError):
        client_in(tmp_path, documents=shelf).post(server.url)
    assert bool(shelf.texts) is kept


def test_endpoint_in_clear_is_asked_for_again(tmp_path: Path) -> None:
    """The advice is to mend the provider; the next turn has to see it mended."""
    shelf = Shelf({"https://login.example/discovery": "{}"})
    with pytest.raises(AuthorityMisconfigured):
        client_in(tmp_path, documents=shelf).post("http://127.0.0.1:1/token")
    assert shelf.texts == {}

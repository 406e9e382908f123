"""Any bytes from a server: an answer that MSAL can read, or a failure by its name."""

from __future__ import annotations

import json

from sidecar.errors import AuthorityBusy, SidecarError
from tests.torture.fuzz.draws import Draws
from tests.torture.fuzz.promises import well_told
from tests.torture.fuzz.wire import HOST, Wire, raw_answer

SECRET = "secret-of-the-answer"
STATUSES = (200, 400, 401, 403, 404, 410, 429, 500, 503, 204, 302, 100, 999, 0)
HEADERS = ("Retry-After", "Content-Type", "Content-Length", "Transfer-Encoding", "Location", "Connection")
WISHES = (
    *("7", "soon", "", "-1", "1.5", "9" * 400, "²", "Wed, 21 Oct 2026 07:28:00 GMT", "chunked", "gzip"),
    *("application/json; charset=utf-7", "text/html", "http://evil.example/", "close", "\x1b[2J", "0", "5"),
    *("Wed, 21 Oct 99999 07:28:00 GMT", "Thu, 01 Jan 1970 00:00:00 -0000", "Mon, 1 Jan 1 0:0:0 +9999"),
)
BODY = json.dumps({"access_token": SECRET, "expires_in": 3600}).encode()


def one_input(data: bytes) -> None:
    """Bounded pauses, printable messages, and nothing of the body in them."""
    draws = Draws(data)
    raw = _raw(draws)
    wire = Wire()
    wire.answer = lambda _request: raw
    try:
        if draws.sometimes():
            response = wire.client.get(f"https://{HOST}/token")
        else:
            response = wire.client.post(f"https://{HOST}/token")
    except SidecarError as error:
        well_told(error, [SECRET])
        _bounded(error)
        return
    assert isinstance(json.loads(response.text), dict)
    assert response.status_code < 500
    assert response.status_code != 429
    assert SECRET not in repr(response)


def _bounded(failed: SidecarError) -> None:
    wish = failed.retry_after if isinstance(failed, AuthorityBusy) else None
    assert wish is None or 0 <= wish < 10**12, "a pause without end"


def _raw(draws: Draws) -> bytes:
    kind = draws.below(4)
    if kind == 3:
        return draws.take(512)
    headers = {}
    for _ in range(draws.below(4)):
        name = draws.one_of(HEADERS)
        headers[name] = draws.one_of(WISHES) if draws.sometimes() else draws.text()
    body = draws.one_of((BODY, b"", b"<html>", b"[1]", draws.piece()))
    if draws.sometimes():
        body = draws.torn(body)
    raw = raw_answer(draws.one_of(STATUSES), body, headers)
    return draws.torn(raw) if kind == 2 else raw

"""The real server within this process: its bounds, with doors of the test's own."""

from __future__ import annotations

import pytest

from sidecar.adapters.web_server import bounds
from sidecar.core.web import Reply, Request, text
from sidecar.serve.gate import Gate
from sidecar.serve.routes import Route, router
from tests.serve.asking import Answer, ask, exchange, parsed
from tests.serve.conftest import Start


def echo(request: Request) -> Reply:
    """Says what came in."""
    return text(200, f"{request.method} {request.path} {dict(request.query)} {sorted(request.headers)}")


def test_one_request_a_connection(start: Start) -> None:
    """What is sent behind it is not even looked at, whatever the client asked for."""
    asked: list[str] = []

    def door(request: Request) -> Reply:
        asked.append(request.path)
        return text(200, "once")

    one = b"GET /1 HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
    received = exchange(start(door).address, one + one.replace(b"/1", b"/2") * 50)
    assert asked == ["/1"]
    assert received.count(b"HTTP/1.1") == 1
    assert parsed(received).headers["connection"] == "close"


def test_head_is_get_without_the_body(start: Start) -> None:
    """The same header, its length too."""
    server = start(lambda _request: text(200, "some words"))
    got, head = ask(server.address, "/"), ask(server.address, "/", method="HEAD")
    assert (got.body, head.body) == ("some words\n", "")
    assert head.headers["content-length"] == got.headers["content-length"] == "11"


def test_no_reply_says_who_serves_it(start: Start) -> None:
    """Neither Server nor Via, and the safe headers are on every reply, errors too."""
    address = start(echo).address
    for answer in (ask(address, "/"), parsed(exchange(address, b"rubbish\r\n\r\n"))):
        assert not answer.headers.keys() & {"server", "via"}
        for name, value in bounds.SAFE_HEADERS.items():
            assert answer.headers[name.lower()] == value
        assert "waitress" not in answer.body


def test_headers_of_proxies_reach_the_gate(start: Start) -> None:
    """They are not cleared away: who must not be asked through a proxy looks for them."""
    body = ask(start(echo).address, "/", X_Forwarded_For="10.0.0.1", Forwarded="for=10.0.0.1").body
    assert "'x-forwarded-for'" in body
    assert "'forwarded'" in body


SHAPES: dict[str, tuple[bytes, int]] = {
    "body": (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 413),
    "huge body": (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", 413),
    "chunks": (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello", 413),
    "both": (
        b"GET / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        413,
    ),
    "two lengths": (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
        400,
    ),
    "negative": (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
    "plus": (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +0\r\n\r\n", 400),
    "old chunks": (b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "odd coding": (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    "disguised coding": (b"GET / HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", 400),
    "blank in a name": (b"GET / HTTP/1.1\r\nHost : secret-looking-thing\r\n\r\n", 400),
    "folded": (b"GET / HTTP/1.1\r\n secret-looking-thing\r\n\r\n", 400),
    "bare newline": (b"GET / HTTP/1.1\r\nA: b\nsecret-looking-thing: c\r\n\r\n", 400),
    "small letters": (b"get-secret-looking-thing / HTTP/1.1\r\n\r\n", 400),
    "no target": (b"GET HTTP/1.1\r\n\r\n", 400),
    "whole address": (b"GET http://secret-looking-thing/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "host and port": (b"CONNECT secret-looking-thing:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "star": (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "bad address": (b"GET http://[secret-looking-thing HTTP/1.1\r\n\r\n", 400),
    "long header": (b"GET / HTTP/1.1\r\nA: " + b"secret-looking-thing" * 2000 + b"\r\n\r\n", 431),
    "endless header": (b"GET / HTTP/1.1\r\nA: " + b"secret-looking-thing" * 2000, 431),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_odd_shapes_are_refused_in_words_that_repeat_nothing(start: Start, shape: str) -> None:
    """Bodies, smuggling, proxies' forms, too much: refused before any door is asked, and that is the end."""
    asked: list[Request] = []

    def door(request: Request) -> Reply:
        asked.append(request)
        return echo(request)

    sent, status = SHAPES[shape]
    received = exchange(start(door).address, sent)
    assert asked == []
    assert received.count(b"HTTP/1.") <= 1
    if received:  # what is sent on after a refusal may cost the client the reply: TCP resets
        answer: Answer = parsed(received)
        assert answer.status == status
        assert "secret-looking-thing" not in received.decode()
        assert len(answer.body.splitlines()) == 1
    else:
        assert status in (413, 431)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("//readiness", "//readiness"),
        ("/./readiness", "/./readiness"),
        ("/../../etc/passwd", "/../../etc/passwd"),
        ("/%2e%2e/x", "/../x"),
        ("/%2Freadiness", "//readiness"),
        ("/a%00b", "/a\0b"),
        ("/%ff", "/\ufffd"),
        ("/%72eadiness", "/readiness"),
        ("/readiness/", "/readiness/"),
        ("/readiness;x", "/readiness;x"),
        ("/readiness#x", "/readiness#x"),
    ],
)
def test_a_path_is_decoded_and_never_tidied_up(start: Start, target: str, path: str) -> None:
    """Only what is written as a door's name leads to it."""
    seen: list[Request] = []

    def door(request: Request) -> Reply:
        seen.append(request)
        return text(200, "")

    assert ask(start(door).address, f"{target}?a=1&a=2&b=").status == 200 or "#" in target
    assert seen[0].path.partition("?")[0] == path
    if "#" not in target:
        assert seen[0].query == {"a": "1", "b": ""}


def test_a_door_that_raises_is_a_500_without_a_word_of_it(start: Start) -> None:
    """The log hears of it; the client does not."""
    heard: list[tuple[str, str]] = []

    def broken(_request: Request) -> Reply:
        raise RuntimeError("secret-looking-thing")

    doors = router(
        {"/broken": Route(broken)},
        Gate(loopback=True, hosts=frozenset()),
        lambda path, error: heard.append((path, type(error).__name__)),
    )
    answer = ask(start(doors).address, "/broken")
    assert (answer.status, answer.body) == (500, "something broke here; the log says what\n")
    assert heard == [("/broken", "RuntimeError")]


def test_what_even_the_router_cannot_catch_shows_no_traceback(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    """A reply that cannot be sent: 500 in our words, nothing on the terminal."""
    server = start(lambda _request: Reply(200, b"x", headers={"X": "secret-looking\r\nthing"}))
    answer = ask(server.address, "/")
    assert (answer.status, answer.body) == (500, "something broke here\n")
    assert capfd.readouterr() == ("", "")

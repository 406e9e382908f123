"""Time and places: what a connection may take of the real server, within this process."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack

import pytest

from sidecar.adapters.web_server import bounds
from sidecar.core.web import Reply, Request, text
from sidecar.errors import ListenerLost
from tests.end_to_end.pod import eventually
from tests.serve.asking import ask
from tests.serve.conftest import Start


def closed_after(connection: socket.socket, seconds: float = 30) -> float:
    """Seconds until the other side closes."""
    started = time.monotonic()
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - started


def test_who_drips_is_closed_in_time(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then does not prolong it; nor does saying nothing at all."""
    monkeypatch.setattr(bounds, "PATIENCE_SECONDS", 1.0)
    address = start(lambda _request: text(200, "hello")).address
    with socket.create_connection(address) as silent, socket.create_connection(address) as dripping:
        done = threading.Event()

        def drip() -> None:
            dripping.sendall(b"GET / HTTP/1.1\r\nX: ")
            while not done.wait(0.1):
                try:
                    dripping.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            assert 0.5 < closed_after(dripping) < 6
            assert closed_after(silent) < 6
        finally:
            done.set()
            thread.join()


def test_who_does_not_read_the_reply_is_closed_in_time(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is still to be sent."""
    monkeypatch.setattr(bounds, "PATIENCE_SECONDS", 1.0)
    server = start(lambda _request: Reply(200, b"x" * (8 << 20)))
    with socket.create_connection(server.address) as lazy:
        lazy.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        eventually(lambda: server._server.active_channels, "the connection")
        eventually(lambda: not server._server.active_channels, "its end", 10)


def test_a_door_that_takes_long_is_not_cut(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience is for clients: the answer comes, however long it took to make."""
    monkeypatch.setattr(bounds, "PATIENCE_SECONDS", 0.3)

    def slow(_request: Request) -> Reply:
        time.sleep(2.5)
        return Reply(200, b"x" * (8 << 20))

    # More than fits into the buffers between: some of it is still to be sent when the door is done.
    assert len(ask(start(slow).address, "/").body) == 8 << 20


def test_a_newcomer_is_let_in_where_all_places_are_taken(start: Start) -> None:
    """Who has waited longest makes room: those who hold connections open keep nobody out."""
    server = start(lambda _request: text(200, "welcome"))
    with ExitStack() as held:
        first, *_ = [
            held.enter_context(socket.create_connection(server.address))
            for _ in range(2 * bounds.CONNECTIONS)
        ]
        for _ in range(5):
            assert ask(server.address, "/").body == "welcome\n"
        assert len(server._server.active_channels) <= bounds.CONNECTIONS
        assert closed_after(first) < 5


def test_a_listener_that_breaks_is_told(start: Start) -> None:
    """A process that nobody can reach must not stay and look alive."""
    server = start(lambda _request: text(200, "hello"))
    ask(server.address, "/")
    server._server.socket.close()
    server._server.pull_trigger()
    eventually(server._ended.is_set, "the end of its thread")
    with pytest.raises(ListenerLost):
        server.wait()


def test_leaps_of_the_wall_clock_close_nobody(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour ahead, then back before the beginning: who waits is still answered."""
    server = start(lambda _request: text(200, "still here"))
    real = time.time
    with socket.create_connection(server.address) as waiting:
        eventually(lambda: server._server.active_channels, "the connection")
        for leap in (3600.0, -1e9):
            monkeypatch.setattr(time, "time", lambda leap=leap: real() + leap)
            assert ask(server.address, "/").body == "still here\n"
        waiting.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"still here" in waiting.recv(65536) + waiting.recv(65536)

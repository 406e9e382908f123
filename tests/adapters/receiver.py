"""A receiver of webhooks on loopback that answers as a test tells it."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

SECRET_PATH = "/hooks/T0SECRET/B0SECRET?key=secret"
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Post:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: Any


Answer = Callable[["Receiver", BaseHTTPRequestHandler], None]


class Receiver:
    """Each request gets the next of `answers`, and the last of them again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.posts: list[Post] = []
        self.closing = threading.Event()
        self._answers = list(answers or [status(200)])
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                """Keep it and answer."""
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                with receiver._lock:
                    receiver.posts.append(Post(self.path, dict(self.headers), json.loads(body)))
                    answers = receiver._answers
                    answer = answers.pop(0) if len(answers) > 1 else answers[0]
                with suppress(OSError):
                    answer(receiver, self)

            def log_message(self, *_arguments: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}{SECRET_PATH}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_SECONDS)

    @property
    def events(self) -> list[str]:
        """Of the records that came, in order."""
        return [post.body["event"] for post in self.posts]


def status(code: int, **fields: str) -> Answer:
    """One whole answer; `Retry_After="5"` becomes `Retry-After: 5`."""

    def answer(_receiver: Receiver, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in fields.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def hanging(receiver: Receiver, _handler: BaseHTTPRequestHandler) -> None:
    """Never answers."""
    receiver.closing.wait(PATIENCE_SECONDS)


def slow(seconds: float) -> Answer:
    """Answers well, after a while."""

    def answer(receiver: Receiver, handler: BaseHTTPRequestHandler) -> None:
        receiver.closing.wait(seconds)
        status(200)(receiver, handler)

    return answer


def dripping(receiver: Receiver, handler: BaseHTTPRequestHandler) -> None:
    """A byte of the head now and then: never silent for long, and never done."""
    drops: Iterable[bytes] = iter(lambda: b"a", None)
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for drop in drops:
        handler.wfile.write(drop)
        if receiver.closing.wait(0.05):
            return


def resetting(_receiver: Receiver, handler: BaseHTTPRequestHandler) -> None:
    """Ends the connection with a reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()

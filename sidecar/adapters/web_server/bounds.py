"""Waitress within bounds that hold against who means ill.

What waitress 3.0 leaves open, by its source: `channel_timeout` counts from the last byte, so that a drip of
bytes holds a connection for ever; at `connection_limit` it accepts nobody until somebody leaves; whoever
does not read a reply is never closed; its clock is the wall clock; its error pages repeat parts of the
request. Here:

- one request a connection: nothing is pipelined or smuggled behind another;
- a connection has `PATIENCE_SECONDS` to hand in its request, and as long to take the reply;
- where `CONNECTIONS` are open, who has waited longest makes room: a newcomer is always let in;
- time is the monotonic clock's.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask

CONNECTIONS = 100
PATIENCE_SECONDS = 10.0
THREADS = 8
HEADER_MAX_BYTES = 16 << 10
REPLY_MAX_BYTES = 16 << 20
SWEEP_SECONDS = 1.0

SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every reply, errors too."""

PLAIN = {
    400: "this is no request that could be answered",
    413: "no door here takes a body",
    431: "the header is too long",
    501: "this transfer coding is not known here",
}
"""What waitress refuses by itself, in words that repeat nothing of the request."""


def adjustments(host: str, port: int) -> Adjustments:
    """Headers of proxies are kept, so that the gate sees them; no body is taken, no file is ever written."""
    return Adjustments(
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        clear_untrusted_proxy_headers=False,
        max_request_header_size=HEADER_MAX_BYTES,
        max_request_body_size=1,
        outbuf_overflow=REPLY_MAX_BYTES,
        log_socket_errors=False,
    )


class _Parser(HTTPRequestParser):  # type: ignore[misc] # waitress has no types
    """Every connection ends after its reply. HTTP/1.0 knows no transfer coding, so one there is a trick."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # brackets without an IPv6 address; waitress would only close
            raise ParsingError("target") from error
        if "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("transfer coding")
        self.headers["CONNECTION"] = "close"


class _Refusal(ErrorTask):  # type: ignore[misc]
    """An error of waitress's own, in our words."""

    def execute(self) -> None:
        error = self.request.error
        self.status = f"{error.code} {error.reason}"
        body = (PLAIN.get(error.code, "something broke here") + "\n").encode()
        self.response_headers.extend(SAFE_HEADERS.items())
        self.response_headers.append(("Content-Type", "text/plain; charset=utf-8"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """One connection; `since` is when it began to hand in its request, or to take the reply."""

    parser_class = _Parser
    error_task_class = _Refusal
    since = 0.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.since = time.monotonic()
        super().__init__(*arguments, **named)

    def write_soon(self, data: Any) -> Any:
        self.since = time.monotonic()
        return super().write_soon(data)


class BoundedServer(TcpWSGIServer):  # type: ignore[misc]
    """`run` answers until `stop`, or until it cannot listen any more."""

    channel_class = _Channel
    _stopped = False
    _closed = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._closing = threading.Lock()
        super().__init__(*arguments, **named)

    def pull_trigger(self) -> None:
        """Wake the loop, from any thread; its descriptor may be another's once it is closed."""
        with self._closing:
            if not self._closed:
                super().pull_trigger()

    def readable(self) -> bool:
        """Whether there is room for one more; `accept` takes one at a time."""
        return bool(self.accepting) and len(self.active_channels) < CONNECTIONS

    def run(self) -> None:
        """In the place of waitress's loop: nothing is closed while it goes through the connections."""
        try:
            while not self._stopped and self._map.get(self._fileno) is self:
                self._make_room()
                # At rest nothing is waited for but a newcomer or the trigger.
                wasyncore.poll2(SWEEP_SECONDS if self.active_channels else 3600, self._map)
        finally:
            self.task_dispatcher.set_thread_count(0)
            with self._closing:
                self._closed = True
                wasyncore.close_all(self._map, ignore_all=True)

    def stop(self) -> None:
        """From any thread."""
        self._stopped = True
        self.pull_trigger()

    def _make_room(self) -> None:
        """Close who is overdue, and who waits longest where all places are taken. Whose request is being
        answered is left alone.
        """
        waiting = sorted(
            (channel for channel in self.active_channels.values() if not channel.requests),
            key=lambda channel: channel.since,
        )
        overdue = time.monotonic() - PATIENCE_SECONDS
        surplus = len(self.active_channels) - CONNECTIONS + 1
        for place, channel in enumerate(waiting):
            if channel.since < overdue or place < surplus:
                channel.handle_close()

"""One request in the hands of a fault, over HTTP."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.emulator.errors import EntraError
from tests.emulator.journal import Request
from tests.emulator.messages import Call, Response

if TYPE_CHECKING:
    from tests.emulator.server import Handler


class HttpExchange:
    """See `faults.Exchange`: this one is on a TLS connection, and notes the outcome in the journal."""

    def __init__(self, handler: Handler, call: Call, request: Request) -> None:
        self._handler = handler
        self._call = call
        self._request = request
        self._server = handler.server

    def now(self) -> float:
        """Epoch seconds by the emulator's clock."""
        return self._server.clock.now()

    def form(self) -> Mapping[str, str]:
        """As the client sent it."""
        return self._call.form

    def process(self) -> Response:
        """The true answer, once its work is done."""
        return self._server.site.respond(self._request.kind, self._call)

    def refuse(self, error: EntraError) -> Response:
        """An Entra error as an answer."""
        return self._server.site.refuse(error, self._call)

    def send(self, response: Response) -> None:
        """Send all of it."""
        self._note(response)
        self._handler.write(self._call, response)

    def send_slowly(self, response: Response, *, seconds_per_byte: float) -> None:
        """Byte by byte, to the end or until the emulator closes."""
        self._note(response)
        self._handler.wfile.write(self._handler.head(self._call, response))
        for byte in response.body:
            if self._server.closing.wait(seconds_per_byte):
                break
            self._handler.wfile.write(bytes([byte]))

    def send_part(self, response: Response, *, share: float) -> None:
        """A part, and then the end of the connection, where more was announced."""
        self._note(response)
        part = response.body[: int(len(response.body) * share)]
        self._handler.wfile.write(self._handler.head(self._call, response) + part)
        self._handler.close_connection = True

    def wait(self, seconds: float) -> None:
        """Real seconds, or until the emulator closes."""
        self._server.closing.wait(seconds)

    def cut(self) -> None:
        """End the connection in good order."""
        self._note(None)
        self._handler.close_connection = True

    def reset(self) -> None:
        """End the connection by a TCP reset."""
        self._note(None)
        self._handler.close_connection = True
        # When the handler has returned it is closed, and with nothing allowed to linger that is a reset.
        option = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)

    def _note(self, response: Response | None) -> None:
        status, error = (response.status, response.error) if response else (None, None)
        self._server.journal.answered(self._request, status, error)

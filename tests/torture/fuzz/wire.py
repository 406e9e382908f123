"""The product's HTTP client with nothing behind it but bytes: what urllib would read from a socket."""

from __future__ import annotations

import functools
import http.client
import io
import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, cast

from sidecar.adapters.http import HttpClient
from sidecar.adapters.http.client import Documents

HOST = "login.example"


class _Nothing:
    """Keeps no document."""

    def fresh(self, url: str) -> str | None:
        del url
        return None

    def stale(self, url: str) -> str | None:
        del url
        return None

    def keep(self, url: str, text: str) -> None:
        pass

    def forget(self) -> None:
        pass

    def outdate(self) -> None:
        pass


class _Kept(_Nothing):
    """Where the wire of the moment keeps documents."""

    wire: Wire

    def fresh(self, url: str) -> str | None:
        return self.wire.documents.fresh(url)

    def stale(self, url: str) -> str | None:
        return self.wire.documents.stale(url)

    def keep(self, url: str, text: str) -> None:
        self.wire.documents.keep(url, text)

    def forget(self) -> None:
        self.wire.documents.forget()

    def outdate(self) -> None:
        self.wire.documents.outdate()


class _Socket:
    """What `http.client` needs of one."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._content)


class _Bytes(urllib.request.HTTPSHandler):
    """In the place of the connection; redirects and errors are handled as the product has it."""

    wire: Wire

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        self.wire.requests.append(request)
        raw = self.wire.answer(request)
        response = http.client.HTTPResponse(cast(Any, _Socket(raw)), method=request.get_method())
        response.begin()
        # What urllib's own handler does; an error's text is taken from there.
        response.msg = cast(Any, response.reason)
        return response


class Wire:
    """`answer` gives the bytes for each request; `client` is the product's, with its checks."""

    def __init__(self, documents: Documents | None = None) -> None:
        self.answer: Callable[[urllib.request.Request], bytes] = lambda _request: b""
        self.documents: Documents = documents or _Nothing()
        self.requests: list[urllib.request.Request] = []
        self.client, kept, connection = _parts()
        kept.wire = connection.wire = self


@functools.cache
def _parts() -> tuple[HttpClient, _Kept, _Bytes]:
    """Made once: the system's certificates take longer to load than a hundred turns."""
    kept, connection = _Kept(), _Bytes()
    client = HttpClient(documents=kept)
    opener = client.opener
    opener.handle_open.pop("https")  # type: ignore[attr-defined]
    opener.add_handler(connection)
    return client, kept, connection


def raw_answer(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """As a server writes it."""
    lines = {"Content-Length": str(len(body)), **(headers or {})}
    head = f"HTTP/1.1 {status} Said\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode("utf-8", "surrogateescape") + b"\r\n" + body


def json_answer(document: object, *, status: int = 200) -> bytes:
    """A document, as an authority sends it."""
    return raw_answer(status, json.dumps(document).encode(), {"Content-Type": "application/json"})

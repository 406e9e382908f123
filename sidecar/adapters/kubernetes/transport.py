"""Connections to the API server: whom they trust, and how long and how much they listen."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2

from sidecar.posix.trust import trusting

REQUEST_SECONDS = 5.0
"""To connect, to agree on TLS, and for each silence."""

ANSWER_SECONDS = 10.0
"""For the whole of an answer, slow drip or not."""

ANSWER_MAX_BYTES = 4 << 20
"""The server takes 1.5 MiB at most."""


class Bounded(httpx2.BaseTransport):
    """Trusts `ca_file` and nobody else, knows no proxy, follows nothing, and takes nothing compressed.

    Python 3.13 refuses by default an authority without `keyUsage`, as older installations made theirs; here
    it is accepted, for the reasons given in `sidecar.posix.trust`.
    """

    def __init__(
        self,
        ca_file: Path,
        *,
        now: Callable[[], float] = time.monotonic,
        make: Callable[..., ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        """:raises OSError: the file cannot be read, or holds no certificate (`ssl.SSLError` is one)"""
        context = trusting(None, make=lambda: make(cafile=ca_file))
        self._inner = httpx2.HTTPTransport(verify=context, trust_env=False)
        self._now = now

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One request."""
        ends_on = self._now() + ANSWER_SECONDS
        request.headers["Accept-Encoding"] = "identity"
        response = self._inner.handle_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()  # a few bytes could become any number
            raise httpx2.RemoteProtocolError("an answer that is compressed")
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _Limited(response.stream, lambda: self._now() > ends_on)
        return response

    def close(self) -> None:
        """End the connection."""
        self._inner.close()


class _Limited(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, over: Callable[[], bool]) -> None:
        self._inner = inner
        self._over = over

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._inner:
            size += len(chunk)
            if size > ANSWER_MAX_BYTES:
                raise httpx2.RemoteProtocolError(f"more than {ANSWER_MAX_BYTES >> 20} MiB")
            if self._over():
                raise httpx2.ReadTimeout(f"not within {ANSWER_SECONDS:g} s")
            yield chunk

    def close(self) -> None:
        self._inner.close()

"""Requests on `urllib.request`: MSAL's own client has no time-out.

Redirects are not followed: a refresh token goes to the configured host or nowhere. `urllib` knows
proxies, NO_PROXY and the system's trust store, and MSAL's import has loaded most of it anyway.
"""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from pathlib import Path
from typing import Any, Protocol

from sidecar.adapters.http.answer import Response, checked, failure
from sidecar.core.oauth_answer import names_endpoints
from sidecar.errors import AuthorityBusy, AuthorityMisconfigured, AuthorityUnreachable
from sidecar.posix.in_time import in_time
from sidecar.posix.opener import opener_trusting

REQUEST_SECONDS = 10
BODY_MAX_BYTES = 1 << 20
GONE = (404, 410)


class Documents(Protocol):
    """Where answers to GET are kept: MSAL only ever gets the discovery document."""

    def fresh(self, url: str) -> str | None:
        """The document if it is recent enough to be used without asking."""
        ...

    def stale(self, url: str) -> str | None:
        """The document however old."""
        ...

    def keep(self, url: str, text: str) -> None:
        """Keep a good answer."""
        ...

    def forget(self) -> None:
        """Keep nothing: what was kept led to an error."""
        ...

    def outdate(self) -> None:
        """The same, unless it was kept a moment ago: the authority would only say it again."""
        ...


class HttpClient:
    """Each request has ten seconds in all, DNS and a slow drip of bytes included.

    It runs in a thread of its own, which is left behind when the time is over: the main thread stays
    open to signals even while a name is being resolved, which no signal handler can end. Several threads
    may ask side by side: what is told or kept of an answer is so by one at a time.
    """

    def __init__(
        self,
        *,
        documents: Documents,
        ca_file: Path | None = None,
        timeout_seconds: float = REQUEST_SECONDS,
        heard_time: Callable[[float], None] = lambda _now: None,
    ) -> None:
        """`heard_time` is told what time it is by the authority's clock, with every answer.

        :raises ConfigurationError: `ca_file` cannot be read or holds no certificate
        """
        self._heard_time = heard_time
        self._documents = documents
        self._timeout_seconds = timeout_seconds
        self._ca_file = ca_file
        self._telling = threading.Lock()
        self.opener = opener_trusting(ca_file)

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_kwargs: Any,
    ) -> Response:
        """From the kept documents if recent; an old copy serves while the authority fails, or answers with
        something that nobody could sign in with.

        :raises AuthorityUnreachable, AuthorityUntrusted, AuthorityBusy: no usable answer
        """
        url = _with_query(url, params)
        if (text := self._documents.fresh(url)) is not None:
            return Response(200, text)
        try:
            response = self._send("GET", url, None, headers)
        except (AuthorityBusy, AuthorityUnreachable):
            if (text := self._documents.stale(url)) is None:
                raise
            return Response(200, text)
        if response.status_code == 200 and names_endpoints(response.text):
            self._documents.keep(url, response.text)
        elif (text := self._documents.stale(url)) is not None:
            return Response(200, text)
        return response

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_kwargs: Any,
    ) -> Response:
        """Form-encoded; values of None are left out, as MSAL's `claims` is when unused.

        :raises AuthorityUnreachable, AuthorityUntrusted, AuthorityBusy: no usable answer
        """
        form = {name: value for name, value in (data or {}).items() if value is not None}
        body = urllib.parse.urlencode(form).encode()
        return self._send("POST", _with_query(url, params), body, headers)

    def forget(self) -> None:
        """Ask for every document again: what was kept is of no use."""
        self._documents.forget()

    def close(self) -> None:
        """Nothing is kept open between requests."""

    def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None) -> Response:
        host = _host_of(url)
        if host is None:
            self.forget()
            raise AuthorityMisconfigured(
                f"the authority names an endpoint that is not https: {str(url).split('?')[0][:200]!a}",
                advice="Tokens never travel in clear: have the provider publish https endpoints.",
            )
        request = urllib.request.Request(
            url,
            data=body,
            method=method,
            headers={"Accept": "application/json", **(headers or {})},
        )
        try:
            answer = in_time(lambda: self._answer_to(request), seconds=self._timeout_seconds)
        except Exception as error:
            if isinstance(error, ValueError | http.client.InvalidURL):
                self.forget()  # nothing can be sent to such an address
            raise failure(error, host=host, ca_file=self._ca_file) from None
        if method == "POST" and answer.status_code in GONE:
            with self._telling:
                self._documents.outdate()  # it named an endpoint that is not there any more
        response = checked(answer, host=host)
        if response.sent_on is not None:
            with self._telling:
                self._heard_time(response.sent_on)
        return response

    def _answer_to(self, request: urllib.request.Request) -> Response:
        try:
            answer = self.opener.open(request, timeout=self._timeout_seconds)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content = answer.read(BODY_MAX_BYTES + 1)
            return _response(answer.status, content, answer.headers)


def _response(status: int, content: bytes, headers: Message) -> Response:
    if len(content) > BODY_MAX_BYTES:
        content = b""
    return Response(
        status_code=status,
        text=content.decode("utf-8", errors="replace"),
        headers={name.title(): value for name, value in headers.items()},
    )


def _host_of(url: object) -> str | None:
    """Host and port of an https URL; None for anything else that a discovery document may hold."""
    if not isinstance(url, str) or not url.startswith("https://"):
        return None
    try:
        return urllib.parse.urlsplit(url).netloc or None
    except ValueError:  # brackets without an IPv6 address
        return None


def _with_query(url: str, params: Mapping[str, str] | None) -> str:
    return f"{url}?{urllib.parse.urlencode(params)}" if params else url

"""Faults on demand: what goes wrong between a client and an authority.

Each fault is a small class that is handed the `Exchange` of one request and decides whether the
request is processed, what is answered, and how the connection ends.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any, Protocol

from tests.emulator.errors import EntraError
from tests.emulator.messages import Response


class Exchange(Protocol):
    """One request in the hands of a fault."""

    def now(self) -> float:
        """Epoch seconds by the emulator's clock."""
        ...

    def form(self) -> Mapping[str, str]:
        """The fields of the request's form; none of a GET."""
        ...

    def process(self) -> Response:
        """Do what the request asks and return the true answer, without sending it."""
        ...

    def refuse(self, error: EntraError) -> Response:
        """`error` as the authority would word it."""
        ...

    def send(self, response: Response) -> None:
        """Send a whole answer."""
        ...

    def send_slowly(self, response: Response, *, seconds_per_byte: float) -> None:
        """Send the headers at once and the body byte by byte."""
        ...

    def send_part(self, response: Response, *, share: float) -> None:
        """Send the headers, `share` of the body, and end the connection."""
        ...

    def wait(self, seconds: float) -> None:
        """Let real time pass; ended early when the emulator closes."""
        ...

    def cut(self) -> None:
        """End the connection without an answer."""
        ...

    def reset(self) -> None:
        """End the connection by a TCP reset."""
        ...


class Fault(Protocol):
    """What `Faults.next` and `Faults.always` take; a function will do."""

    def __call__(self, exchange: Exchange) -> None:
        """Deal with the request in place of the server."""
        ...


@dataclass(frozen=True)
class Status:
    """An HTTP status without processing: a gateway's. `retry_after` in seconds, or as a string sent as it is.

    `retry_after_date=True` sends it as an HTTP date (RFC 9110 section 10.2.3).
    """

    status: int
    retry_after: float | str | None = None
    retry_after_date: bool = False
    body: str = "html"

    def __call__(self, exchange: Exchange) -> None:
        """Answer by the status."""
        headers: dict[str, str] = {}
        if isinstance(self.retry_after, str):
            headers["Retry-After"] = self.retry_after
        elif self.retry_after is not None and self.retry_after_date:
            headers["Retry-After"] = formatdate(exchange.now() + self.retry_after, usegmt=True)
        elif self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        if self.body == "json":
            code = 90055 if self.status == 429 else 90033
            told = exchange.refuse(EntraError(code, status=self.status))
        else:
            told = Response.of_html(f"<html><body><h1>{self.status}</h1></body></html>", self.status)
        exchange.send(replace(told, headers={**told.headers, **headers}))


@dataclass(frozen=True)
class Refuse:
    """An error of Entra's by its AADSTS number (`kinds.KINDS`), without processing."""

    code: int
    error: str | None = None
    suberror: str | None = None
    status: int | None = None

    def __call__(self, exchange: Exchange) -> None:
        """Answer by the error."""
        refusal = EntraError(self.code, error=self.error, suberror=self.suberror, status=self.status)
        exchange.send(exchange.refuse(refusal))


@dataclass(frozen=True)
class Reset:
    """A TCP reset in place of an answer; the request is not processed."""

    def __call__(self, exchange: Exchange) -> None:
        """Reset."""
        exchange.reset()


@dataclass(frozen=True)
class Hang:
    """Silence for `seconds`, then the connection ends; or, with `then_answer`, a late true answer."""

    seconds: float = 30.0
    then_answer: bool = False

    def __call__(self, exchange: Exchange) -> None:
        """Wait, then end it or answer."""
        exchange.wait(self.seconds)
        if self.then_answer:
            exchange.send(exchange.process())
        else:
            exchange.cut()


@dataclass(frozen=True)
class Drip:
    """The true answer, its body one byte each `seconds_per_byte`."""

    seconds_per_byte: float = 0.5

    def __call__(self, exchange: Exchange) -> None:
        """Process, and answer slowly."""
        exchange.send_slowly(exchange.process(), seconds_per_byte=self.seconds_per_byte)


@dataclass(frozen=True)
class Truncated:
    """The first `share` of the true answer's body, then the connection ends."""

    share: float = 0.5

    def __call__(self, exchange: Exchange) -> None:
        """Process, and answer in part."""
        exchange.send_part(exchange.process(), share=self.share)


@dataclass(frozen=True)
class Html:
    """What a captive portal (200, 302) or a proxy (403) says in the authority's place."""

    status: int = 200
    location: str = "https://portal.invalid/login"

    def __call__(self, exchange: Exchange) -> None:
        """Answer by the page."""
        headers = {"Location": self.location} if 300 <= self.status < 400 else {}
        page = "<!doctype html><title>Welcome</title><p>Please accept the terms of this network."
        exchange.send(Response.of_html(page, self.status, **headers))


@dataclass(frozen=True)
class WrongShape:
    """200 with `content` as JSON, or with `raw` bytes that need not be any; not processed."""

    content: Any = field(default_factory=list)
    raw: bytes | None = None

    def __call__(self, exchange: Exchange) -> None:
        """Answer by the content."""
        body = self.raw if self.raw is not None else json.dumps(self.content).encode()
        exchange.send(Response(200, body))


@dataclass(frozen=True)
class LostAnswer:
    """The request is processed (the code redeemed, the token rotated) and the answer never sent."""

    def __call__(self, exchange: Exchange) -> None:
        """Process, and reset."""
        exchange.process()
        exchange.reset()


@dataclass(frozen=True)
class Answer:
    """The true answer, changed: by `mutate`, by setting the keys of `put`, by dropping those of `drop`.

    An error answer is left as it is, so that the fault can be set before the sign-in is approved.
    """

    mutate: Callable[[dict[str, Any]], object] | None = None
    put: Mapping[str, Any] = field(default_factory=dict)
    drop: tuple[str, ...] = ()

    def __call__(self, exchange: Exchange) -> None:
        """Process, change the answer, send it."""
        response = exchange.process()
        if response.status == 200:
            content = response.json()
            content.update(self.put)
            for name in self.drop:
                content.pop(name, None)
            if self.mutate is not None:
                self.mutate(content)
            response = Response.of_json(content)
        exchange.send(response)

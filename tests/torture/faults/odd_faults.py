"""Faults beyond those of the stand-in: whole answers that are odd on the outside."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

from tests.emulator.faults import Answer, Exchange
from tests.emulator.messages import Response
from tests.torture.faults.doors import STRANGER

ELSEWHERE = f"https://{STRANGER}/token"


@dataclass(frozen=True)
class Says:
    """`content` as JSON with any status and headers, not processed."""

    status: int
    content: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, exchange: Exchange) -> None:
        """Answer by it."""
        error = self.content.get("error") if isinstance(self.content, dict) else None
        body = json.dumps(self.content).encode()
        exchange.send(Response(self.status, body, headers=self.headers, error=str(error)))


@dataclass(frozen=True)
class Dated:
    """503 with Retry-After as an HTTP date `seconds` from now by the client's clock."""

    seconds: float
    status: int = 503

    def __call__(self, exchange: Exchange) -> None:
        """Answer by it."""
        date = formatdate(time.time() + self.seconds, usegmt=True)
        exchange.send(Response.of_html("<h1>later</h1>", self.status, Retry_After=date))


@dataclass(frozen=True)
class Labelled:
    """The true answer with another content type, or other headers."""

    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, exchange: Exchange) -> None:
        """Process, and label it."""
        true = exchange.process()
        headers = {**true.headers, **self.headers}
        exchange.send(replace(true, content_type=self.content_type, headers=headers))


@dataclass(frozen=True)
class Rewritten:
    """The true body as `rewrite` leaves it."""

    rewrite: Callable[[bytes], bytes]

    def __call__(self, exchange: Exchange) -> None:
        """Process, and rewrite it."""
        true = exchange.process()
        exchange.send(replace(true, body=self.rewrite(true.body)))


@dataclass(frozen=True)
class Shifted:
    """The true answer of a server whose clock is `seconds` off: its Date, and the times in its tokens."""

    seconds: int

    def __call__(self, exchange: Exchange) -> None:
        """Process, and date it otherwise."""
        true = exchange.process()
        content = true.json()
        if "id_token" in content:
            told = claims_of(content)
            with_claims(content, **{name: told[name] + self.seconds for name in ("iat", "nbf", "exp")})
        date = formatdate(exchange.now() + self.seconds, usegmt=True)
        body = json.dumps(content).encode()
        exchange.send(replace(true, body=body, headers={**true.headers, "Date": date}))


def put(**keys: Any) -> Answer:
    """The true answer with these keys."""
    return Answer(put=keys)


def without(*keys: str) -> Answer:
    """The true answer without these keys."""
    return Answer(drop=keys)


def for_somebody_else(answer: dict[str, Any]) -> None:
    """The whole answer speaks for Bob."""
    bob = "a1ce0b0b-0000-4000-8000-000000000002"
    with_claims(answer, oid=bob, sub="bob", preferred_username="bob@contoso.example")
    info = {"uid": bob, "utid": claims_of(answer)["tid"]}
    answer["client_info"] = _base64(json.dumps(info).encode())
    if "refresh_token" in answer:
        answer["refresh_token"] = "rt-of-bob"


def claims_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What the ID token says."""
    body = answer["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert isinstance(claims, dict)
    return claims


def with_claims(answer: dict[str, Any], **claims: object) -> None:
    """Change the ID token of an answer; nobody verifies its signature, it came over TLS."""
    head, _, signature = answer["id_token"].split(".")
    answer["id_token"] = f"{head}.{_base64(json.dumps(claims_of(answer) | claims).encode())}.{signature}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

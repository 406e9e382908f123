"""POSTs the prompt and its end to a webhook. Its URL is a secret: of it only the host is ever told."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from sidecar.core.prompt_messages import Message
from sidecar.core.retry_after import retry_after_seconds
from sidecar.posix.in_time import in_time

REQUEST_SECONDS = 10.0
ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
"""A receiver that asks for a longer one does without."""


class _Failed(Exception):
    """`cause` in words of ours."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class _MayPass(_Failed):
    """Worth another try, `after` some seconds if the receiver has said so."""

    def __init__(self, cause: str, after: float | None = None) -> None:
        super().__init__(cause)
        self.after = after


@dataclass(frozen=True)
class Patience:
    """How long the receiver is given. Seconds; `request` is for one try, DNS and a slow drip included."""

    request: float = REQUEST_SECONDS
    first_pause: float = FIRST_PAUSE_SECONDS
    longest_pause: float = LONGEST_PAUSE_SECONDS


class Webhook:
    """Called by a courier, in the courier's thread."""

    def __init__(
        self,
        url: str,
        *,
        message: Message,
        now: Callable[[], float],
        opener: urllib.request.OpenerDirector,
        patience: Patience | None = None,
    ) -> None:
        self._url, self._headers, self.host = _parts(url)
        self._message = message
        self._now = now
        self._patience = patience or Patience()
        self._opener = opener

    def __call__(self, record: Mapping[str, object], over: threading.Event) -> dict[str, object] | None:
        """Send one record, with up to three tries; why it did not arrive, None if it did."""
        body = json.dumps(self._message(record, self._now())).encode()

        def rest(seconds: float) -> None:
            if over.wait(seconds):
                raise _Failed("given up")

        tries = Retrying(
            retry=retry_if_exception_type(_MayPass),
            stop=self._enough,
            wait=self._pause,
            sleep=rest,
            reraise=True,
        )
        try:
            tries(self._send, body, over)
        except _Failed as error:
            return {"host": self.host, "cause": error.cause, "tries": tries.statistics["attempt_number"]}
        return None

    def _send(self, body: bytes, over: threading.Event) -> None:
        request = urllib.request.Request(self._url, data=body, method="POST", headers=self._headers)

        def post() -> tuple[int, str | None]:
            try:
                with self._opener.open(request, timeout=self._patience.request) as answer:
                    return answer.status, None
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.headers.get("Retry-After")

        try:
            found, pause = in_time(
                post, seconds=self._patience.request, gives_up=lambda _waited: over.is_set()
            )
        except Exception as error:
            raise _failure(error) from None
        if found in (408, 429) or found >= 500:
            asked = retry_after_seconds(pause, now=self._now())
            raise _MayPass(f"http {found}", asked)
        if not 200 <= found < 300:
            raise _Failed(f"http {found}")

    def _enough(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, _MayPass) else None
        return stop_after_attempt(ATTEMPTS)(state) or (asked or 0) > self._patience.longest_pause

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, _MayPass) else None
        return max(wait_exponential(multiplier=self._patience.first_pause)(state), asked or 0)


def _failure(error: Exception) -> _Failed:
    """In words that never hold the URL: not every exception's do."""
    reason: Any = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _Failed(f"certificate not trusted: {reason.verify_message}")
    if isinstance(reason, socket.gaierror):
        return _MayPass("dns")
    if isinstance(reason, TimeoutError):
        return _MayPass("time-out")
    return _MayPass(type(reason).__name__ if isinstance(reason, Exception) else type(error).__name__)


def _parts(url: str) -> tuple[str, dict[str, str], str]:
    """The URL without user and password, these as a header (RFC 7617), and the host to speak of."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    headers = {"Content-Type": "application/json", "User-Agent": "entra-token-sidecar"}
    if user:
        headers["Authorization"] = "Basic " + base64.b64encode(unquote(user).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), headers, host

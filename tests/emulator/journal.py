"""The log of requests, and waiting for one."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KINDS = (
    "discovery",
    "keys",
    "devicecode",
    "token:device_code",
    "token:refresh_token",
    "token:other",
    "devicelogin",
    "me",
    "subscriptions",
    "secrets",
    "other",
)


@dataclass
class Request:
    """One request, logged when it has arrived.

    `kind` is one of `KINDS`. `at` is epoch seconds by the host's
    clock, not the emulator's. `status` is None until an answer is sent, and for ever if none is;
    `error` is the OAuth error in the answer, `fault` the name of the fault that struck.
    """

    method: str
    path: str
    kind: str
    at: float
    query: str = ""
    correlation_id: str = ""
    status: int | None = None
    error: str | None = None
    fault: str | None = None


class Journal:
    """Thread-safe; `requests` is in order of arrival."""

    def __init__(self, access_log: Path | None = None) -> None:
        self.requests: list[Request] = []
        self._changed = threading.Condition()
        self._access_log = access_log.open("a", encoding="utf-8") if access_log else None

    def arrived(self, request: Request) -> None:
        """Log one request."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def answered(self, request: Request, status: int | None, error: str | None) -> None:
        """Note how a request ended, before the answer is on its way."""
        with self._changed:
            request.status, request.error = status, error
            if self._access_log:
                self._access_log.write(_line(request))
                self._access_log.flush()
            self._changed.notify_all()

    def count(self, kind: str) -> int:
        """How many requests of `kind` there were; `token` counts every grant's.

        :raises ValueError: there is no such kind
        """
        check_kind(kind)
        with self._changed:
            return sum(is_of(request.kind, kind) for request in self.requests)

    def wait_for(self, kind: str, count: int, timeout_seconds: float) -> list[Request]:
        """All requests of `kind` as soon as there are `count`.

        :raises TimeoutError: fewer had arrived in time
        :raises ValueError: there is no such kind
        """
        check_kind(kind)
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while True:
                found = [request for request in self.requests if is_of(request.kind, kind)]
                if len(found) >= count:
                    return found
                if not self._changed.wait(deadline - time.monotonic()):
                    seen = [f"{request.kind} {request.status}" for request in self.requests]
                    raise TimeoutError(f"{len(found)} of {count} {kind} requests; seen: {seen}")

    def clear(self) -> None:
        """Forget what was logged so far."""
        with self._changed:
            self.requests.clear()

    def as_json(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The log, or one kind of it."""
        with self._changed:
            return [asdict(r) for r in self.requests if kind is None or is_of(r.kind, kind)]

    def close(self) -> None:
        """Close the access log."""
        if self._access_log:
            self._access_log.close()


def is_of(kind: str, wanted: str) -> bool:
    """Whether `kind` is `wanted` or of its family: token:refresh_token is of token, and all of `*`."""
    return wanted in ("*", kind) or kind.startswith(f"{wanted}:")


def check_kind(wanted: str) -> None:
    """Catch the misspelt kind that would never come.

    :raises ValueError: no request is of `wanted`
    """
    if not any(is_of(kind, wanted) for kind in KINDS):
        raise ValueError(f"no kind of request is {wanted!r}; there are {', '.join(KINDS)}, token and *")


def _line(request: Request) -> str:
    # An unknown path may hold anything, a secret too; a known one only names a tenant.
    path = "/..." if request.kind == "other" else request.path
    at = f"{datetime.fromtimestamp(request.at, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    notes = [f"{name}={value}" for name in ("error", "fault") if (value := getattr(request, name))]
    return " ".join([at, request.method, path, request.kind, str(request.status or "-"), *notes]) + "\n"

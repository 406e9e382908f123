"""What arrives and what is answered, free of sockets."""

from __future__ import annotations

import base64
import contextlib
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GRANT_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True)
class Call:
    """One request. `headers` by lower-case name; `path` and `query` as sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    correlation_id: str

    @property
    def form(self) -> dict[str, str]:
        """The form-encoded body; of a repeated name the last counts."""
        return dict(urllib.parse.parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def client_form(self) -> dict[str, str]:
        """The form with the `client_id` of HTTP Basic (RFC 6749 section 2.3.1), where it names none itself.

        The secret beside it is not looked at: apps here have none.
        """
        form = self.form
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic" and "client_id" not in form:
            with contextlib.suppress(ValueError):
                name = base64.b64decode(value, validate=True).decode().partition(":")[0]
                form["client_id"] = urllib.parse.unquote_plus(name)
        return form

    @property
    def parameters(self) -> dict[str, str]:
        """The URL's query."""
        return dict(urllib.parse.parse_qsl(self.query, keep_blank_values=True))

    @property
    def segments(self) -> list[str]:
        """The path in parts: ["contoso.example", "oauth2", "v2.0", "token"]."""
        return [urllib.parse.unquote(part) for part in self.path.strip("/").split("/")]


@dataclass(frozen=True)
class Response:
    """One answer; `error` is the OAuth error in it, for the log."""

    status: int
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None

    @classmethod
    def of_json(
        cls, content: object, status: int = 200, *, error: str | None = None, **headers: str
    ) -> Response:
        """Headers by keyword, with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, json.dumps(content).encode(), headers=named, error=error)

    @classmethod
    def of_html(cls, page: str, status: int = 200, **headers: str) -> Response:
        """Headers by keyword, with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, page.encode(), "text/html; charset=utf-8", named)

    def json(self) -> Any:
        """The content of a JSON answer.

        :raises ValueError: it is something else
        """
        return json.loads(self.body)

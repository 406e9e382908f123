"""Errors as Entra words them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from tests.emulator.kinds import KINDS

_CLAIMS = '{"access_token":{"capolids":{"essential":true,"values":["00000000-0000-0000-0000-00000000ca01"]}}}'


class EntraError(Exception):
    """A request refused with one of `KINDS`.

    `error`, `suberror` and `status` differ from the table where a caller wants them to: Entra itself
    has answered the same number with different ones. `detail` is added to the text.
    """

    def __init__(
        self,
        code: int,
        detail: str = "",
        *,
        error: str | None = None,
        suberror: str | None = None,
        status: int | None = None,
    ) -> None:
        kind = KINDS[code]
        super().__init__(f"AADSTS{code}: {kind.text}")
        self.code = code
        self.error = error or kind.error
        self.suberror = suberror or kind.suberror
        self.status = status or kind.status
        self.text = f"{kind.text} {detail}".rstrip()

    def body(self, *, now: float, correlation_id: str, authority: str) -> dict[str, Any]:
        """The JSON answer, with every key that Entra's has. `now` in epoch seconds."""
        trace_id = str(uuid.uuid4())
        stamp = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%SZ}"
        body: dict[str, Any] = {
            "error": self.error,
            "error_description": (
                f"AADSTS{self.code}: {self.text} Trace ID: {trace_id} "
                f"Correlation ID: {correlation_id} Timestamp: {stamp}"
            ),
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": f"{authority}/error?code={self.code}",
        }
        if self.suberror:
            body["suberror"] = self.suberror
        if self.error == "interaction_required":
            body["claims"] = _CLAIMS
        return body

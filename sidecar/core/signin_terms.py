"""What a sign-in is about."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.core.account import Admission


@dataclass(frozen=True)
class SigninTerms:
    """What the person is told and who is let in. `host` is who asks; `timeout_seconds` and `phrase` are for
    the whole of it.
    """

    tenant: str | None
    client_id: str
    host: str
    language: str | None
    admission: Admission
    timeout_seconds: int
    phrase: str = ""
    purpose: str | None = None

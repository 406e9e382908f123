"""An ordinary prompt, with some fields of one's own."""

from __future__ import annotations

from typing import Any

from sidecar.core.device_code import DeviceAuthorization
from sidecar.core.prompt import Prompt, prompt_for
from tests.core.strategies import NOW


def authorization(**fields: Any) -> DeviceAuthorization:
    """Entra's usual answer, with some fields of one's own."""
    usual: dict[str, Any] = {
        "user_code": "ABCDEFGHI",
        "verification_uri": "https://login.microsoft.com/device",
        "verification_uri_complete": None,
        "expires_on": NOW + 900,
        "interval_seconds": 5,
        "message": None,
    }
    return DeviceAuthorization(**{**usual, **fields})


def prompt_of(**fields: Any) -> Prompt:
    """The prompt for it, of an ordinary pod."""
    return prompt_for(
        authorization(**fields),
        tenant="aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
        client_id="11111111-2222-4333-8444-555555555555",
        scopes=("https://graph.microsoft.com/.default", "https://graph.microsoft.com/Mail.Read"),
        where="reporting-dashboard-backend-7d4b9c6f5d-x2x9z",
    )

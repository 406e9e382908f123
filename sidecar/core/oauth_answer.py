"""Reading the JSON answers of an OAuth endpoint: nothing in them is trusted to have its type."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from sidecar.core.printable import printable
from sidecar.errors import AuthorityMisconfigured

ODD = -(10**9)
"""Stands for a duration that is none."""


def names_endpoints(text: str) -> bool:
    """Whether this discovery document has what a sign-in needs (RFC 8628 section 4)."""
    document = json.loads(text)
    return isinstance(document, dict) and all(
        (text_of(document, name) or "").startswith("https://")
        for name in ("token_endpoint", "device_authorization_endpoint")
    )


def for_msal(answer: Mapping[str, Any]) -> dict[str, Any]:
    """`answer` without what MSAL cannot file: it fails on that before it has kept the refresh token beside
    it, or keeps what it can never send again.
    """
    kept = _with_whole_durations(answer)
    kept.pop("id_token_claims", None)  # MSAL would prefer them to the ID token's
    if "error" in kept:  # MSAL sends it back in a header of every later request (msal 1.39, telemetry.py)
        kept["error"] = printable(kept["error"], 60).encode("ascii", "replace").decode()
    for name in ("access_token", "token_type", "scope", "foci"):
        if name in kept and not text_of(kept, name):
            del kept[name]
    claims, client_info = _jwt_claims(kept.get("id_token")), _decoded(kept.get("client_info"))
    for name, sound in (
        # MSAL keeps one that comes with an error too.
        ("refresh_token", "error" not in kept and _fits_a_header(kept.get("refresh_token"))),
        ("id_token", _fits_a_header(claims.get("sub"))),
        ("client_info", all(_fits_a_header(client_info.get(part)) for part in ("uid", "utid"))),
    ):
        if not sound:
            kept.pop(name, None)
    return kept


def _with_whole_durations(answer: Mapping[str, Any]) -> dict[str, Any]:
    """`answer` with its durations as whole seconds; those that make no sense are left out."""
    kept = dict(answer)
    for name in ("expires_in", "expires_on", "ext_expires_in", "refresh_in", "interval"):
        if name in kept and (seconds := seconds_of(kept[name], ODD)) != kept[name]:
            kept[name] = seconds
            if seconds == ODD:
                del kept[name]
    return kept


def not_oauth(what: str) -> AuthorityMisconfigured:
    """The error for an answer that lacks what the specification requires."""
    return AuthorityMisconfigured(
        f"the authority answered {what}",
        advice="Check that the authority's URL is an OpenID provider.",
    )


def _jwt_claims(value: object) -> Mapping[str, Any]:
    """Its claims (RFC 7519 section 7.2), none if they cannot be read; the signature is not looked at."""
    return _decoded(value.split(".")[1]) if isinstance(value, str) and value.count(".") == 2 else {}


def _decoded(part: object) -> Mapping[str, Any]:
    """An object as base64url of JSON; an empty one if it is anything else."""
    if not isinstance(part, str):
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _fits_a_header(value: object) -> bool:
    """Printable ASCII, as RFC 6749 appendix A.17 has refresh tokens and OpenID Connect Core section 2 `sub`:
    MSAL sends accounts by name in a header.
    """
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable()


def text_of(answer: Mapping[str, Any], name: str) -> str | None:
    """A text that is there and not empty."""
    value = answer.get(name)
    return value if isinstance(value, str) and value else None


def seconds_of(value: object, default: int) -> int:
    """A duration of the authority as whole seconds: a number, or a text of digits as some send it."""
    if isinstance(value, bool):
        return default
    if isinstance(value, int | float):
        return int(value) if abs(value) < 1e10 else default
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value.strip()[:10])
    return default

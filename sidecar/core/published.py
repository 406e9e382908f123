"""What readers see of a token, compared with what is saved."""

from __future__ import annotations

from sidecar.core.formats import Document
from sidecar.core.plan import Policy
from sidecar.core.schedule import LIMIT
from sidecar.core.token import AccessToken


def instant(value: object) -> int | None:
    """Seconds since 1970 as a file says them; None if no clock shows that: a damaged file may hold anything,
    even a number that no arithmetic with times takes.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if abs(value) < LIMIT else None


def says_longer(document: Document | None, token: AccessToken) -> bool:
    """Whether readers see this token with a later end than it has."""
    if document is None or document.get("access_token") != token.secret:
        return False
    expires_on = instant(document.get("expires_on"))
    return expires_on is None or expires_on > token.expires_on


def as_readers_see(document: Document, token: AccessToken | None, policy: Policy) -> AccessToken:
    """The published token: the saved one if it is that; else its life is unknown, and taken to be long
    enough for readiness to ask for all of SIDECAR_MIN_VALIDITY.
    """
    if token is not None and token.secret == document.get("access_token"):
        return token
    expires_on = instant(document.get("expires_on")) or 0
    return AccessToken("", expires_on - 2 * policy.min_validity_seconds, expires_on, None, "", ())

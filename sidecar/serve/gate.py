"""Who may come in: decided from the request alone, before any door is asked.

In this order: by which name we were asked (a page of another site that had its own name lead to our address,
"DNS rebinding", asks by that name); whether a page of another site asks; then what the door wants.
"""

from __future__ import annotations

import base64
import enum
import hmac
import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass, field

from sidecar.core.web import Reply, Request, document, text

ASK = {"WWW-Authenticate": 'Basic realm="entra-sidecar", charset="UTF-8"'}
"""So that a browser asks a person for it: any user name, and the secret as password."""

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{1,253}))(?::[0-9]{1,5})?")


CLOSED = "closed: SIDECAR_SERVE_SECRET_FILE has to name a file with a secret of 16 characters or more"


class Entrance(enum.Enum):
    """What a door asks for. OPEN: nothing on loopback, the secret elsewhere. SECRET: always the secret.
    METADATA: what the metadata service of a virtual machine asks for, on loopback alone.
    """

    OPEN = "open"
    SECRET = "secret"
    METADATA = "metadata"


@dataclass(frozen=True)
class Gate:
    """`hosts` are the names by which we may be asked; `secret` None where none is set."""

    loopback: bool
    hosts: frozenset[str]
    secret: str | None = field(default=None, repr=False)

    def objection(self, request: Request, entrance: Entrance) -> Reply | None:
        """The refusal, None if the request may come in."""
        return self._wrong_name(request) or _foreign(request, entrance) or self._unwelcome(request, entrance)

    def _wrong_name(self, request: Request) -> Reply | None:
        asked = _HOST.fullmatch(request.headers.get("host", ""))
        if not asked:
            return text(400, "the Host header is missing or malformed")
        name = (asked["six"] or asked["name"]).lower().removesuffix(".")
        known = name in self.hosts or asked[0].lower() in self.hosts or name == "localhost"
        ip = _ip(name)
        # A name can be led anywhere; an address is where it is. On loopback only loopback's is expected.
        if known or (ip and (ip.is_loopback or not self.loopback)):
            return None
        return text(421, "not known by this name: add the name that you asked by to SIDECAR_SERVE_HOSTS")

    def _unwelcome(self, request: Request, entrance: Entrance) -> Reply | None:
        if entrance is Entrance.METADATA:
            return self._not_metadata(request)
        if entrance is Entrance.OPEN and self.loopback:
            return None
        if self.secret is None:
            return text(
                403,
                "closed: SIDECAR_SERVE_SECRET_FILE has to name a file with a secret of 16 characters or more",
            )
        if any(_same(given, self.secret) for given in _given(request)):
            return None
        refusal = text(401, "the secret is missing or wrong")
        return Reply(refusal.status, refusal.body, refusal.content_type, ASK)

    def _not_metadata(self, request: Request) -> Reply | None:
        """A header that a page cannot set, and none that a proxy adds: as Azure's own service has it
        (Microsoft, "Azure Instance Metadata Service", Security and authentication).
        """
        peer = _ip(request.peer)
        if not (self.loopback and peer and peer.is_loopback):
            return text(403, "on loopback alone")
        if request.headers.keys() & {"x-forwarded-for", "forwarded"}:
            return text(403, "not through a proxy")
        if request.headers.get("metadata", "").lower() != "true":
            words = "Required metadata header not specified"
            return document(400, {"error": "invalid_request", "error_description": words})
        return None


def _foreign(request: Request, entrance: Entrance) -> Reply | None:
    """A page of another site asks, or of another port of this host: its browser tells (W3C, "Fetch
    Metadata"). A person who follows a link to a page of ours is welcome: the page with the link sees nothing.
    """
    headers = request.headers
    origin = headers.get("origin")
    own = origin is None or origin.partition("://")[2].lower() == headers.get("host", "").lower()
    beside = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    followed = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    if own and (not beside or (followed and entrance is Entrance.OPEN)):
        return None
    return text(403, "not for pages of other sites")


def _given(request: Request) -> list[str]:
    """Every way in which the secret may be told."""
    found = [request.headers.get("x-identity-header", "")]
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found.append(told.strip())
    elif scheme.lower() == "basic":
        with suppress(ValueError):  # no base64, or no UTF-8 in it
            found.append(base64.b64decode(told.strip(), validate=True).decode().partition(":")[2])
    return found


def _same(given: str, secret: str) -> bool:
    """In a time that tells nothing of where they differ."""
    return hmac.compare_digest(given.encode(), secret.encode())


def _ip(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None

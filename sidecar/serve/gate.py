"""Who may come in: decided from the request alone, before any door is asked."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from sidecar.core.web import Reply, Request, text


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
        if entrance is Entrance.METADATA and request.headers.get("metadata", "").lower() != "true":
            return text(400, "the header Metadata: true is missing")
        if entrance is Entrance.SECRET and (
            self.secret is None or request.headers.get("x-identity-header") != self.secret
        ):
            return text(401, "the secret is missing or wrong")
        return None

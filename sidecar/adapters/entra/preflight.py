"""What can be known of an app registration without a person."""

from __future__ import annotations

from sidecar.adapters.entra.client import Entra
from sidecar.adapters.entra.guard import odd_answers, requestable
from sidecar.core.refusal import refusal
from sidecar.errors import SidecarError

MADE_UP = "not-a-refresh-token-doctor-made-it-up"


class Preflight(Entra):
    """The client with one more question."""

    def refusal_of_made_up_token(self, scopes: tuple[str, ...]) -> SidecarError | None:
        """How a refresh token that never existed is refused: a server that authenticates the client first
        says `invalid_client` if it wants a secret (RFC 6749 sections 3.2.1 and 5.2), and `invalid_grant`
        if it takes the client as a public one. None if it was not refused.

        :raises AuthorityUnreachable, AuthorityUntrusted, AuthorityBusy: no usable answer
        """
        app = self._app()
        with odd_answers():
            answer = app.acquire_token_by_refresh_token(MADE_UP, scopes=requestable(scopes))
        return refusal(answer) if "error" in answer else None

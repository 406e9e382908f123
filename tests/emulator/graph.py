"""Three small resources that check their bearer token: Microsoft Graph, ARM, Key Vault."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from tests.emulator.directory import ARM, GRAPH, VAULT, Directory
from tests.emulator.messages import Call, Response
from tests.emulator.tokens import InvalidToken, Mint

AUDIENCES = {"me": GRAPH, "subscriptions": ARM, "secrets": VAULT, "secret": VAULT}


class Resources:
    """GET /v1.0/me, /subscriptions, /secrets and /secrets/greeting."""

    def __init__(
        self, *, authority_host: str, directory: Directory, mint: Mint, now: Callable[[], float]
    ) -> None:
        self._host = authority_host
        self._directory = directory
        self._mint = mint
        self._now = now

    def respond(self, kind: str, call: Call) -> Response:
        """200 with the caller's data, or 401 as the service words it."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return self._refuse(kind, call, "Access token is empty.")
        try:
            claims = self._mint.verify(token.strip(), audience=AUDIENCES[kind], now=self._now())
        except InvalidToken as error:
            return self._refuse(kind, call, str(error))
        return Response.of_json(self._content(kind, claims))

    def _content(self, kind: str, claims: dict[str, Any]) -> dict[str, Any]:
        user = self._directory.user(claims["oid"])
        if kind == "me":
            return {
                "@odata.context": f"{self._host}/v1.0/$metadata#users/$entity",
                "displayName": user.display_name,
                "givenName": user.display_name.split()[0],
                "surname": user.display_name.split()[-1],
                "mail": user.username,
                "userPrincipalName": user.username,
                "id": user.object_id,
            }
        if kind == "subscriptions":
            subscription = "5b5c0b8e-0000-4000-8000-000000000001"
            return {
                "value": [
                    {
                        "id": f"/subscriptions/{subscription}",
                        "subscriptionId": subscription,
                        "tenantId": user.tenant_id,
                        "displayName": "Test subscription",
                        "state": "Enabled",
                    }
                ]
            }
        greeting = {"id": f"{self._host}/secrets/greeting", "attributes": {"enabled": True}}
        if kind == "secret":
            return {**greeting, "value": f"Good morning, {user.display_name}"}
        return {"value": [greeting], "nextLink": None}

    def _refuse(self, kind: str, call: Call, message: str) -> Response:
        code = {"me": "InvalidAuthenticationToken", "subscriptions": "AuthenticationFailed"}.get(
            kind, "Unauthorized"
        )
        inner = {
            "date": formatdate(self._now(), usegmt=True),
            "request-id": call.correlation_id,
            "client-request-id": call.correlation_id,
        }
        challenge = (
            f'Bearer authorization="{self._host}/{self._directory.tenants[0].tenant_id}", resource="{VAULT}"'
            if AUDIENCES[kind] == VAULT  # as Key Vault's own clients read it
            else f'Bearer realm="", authorization_uri="{self._host}/common/oauth2/authorize", '
            f'error="invalid_token", error_description="{message}"'
        )
        body = {"error": {"code": code, "message": message, "innerError": inner}}
        return Response.of_json(body, 401, error=code, WWW_Authenticate=challenge)

"""A client of the emulator for its own tests: MSAL itself, and plain requests beside it."""

from __future__ import annotations

from typing import Any, Self

import msal
import requests

from tests.emulator.emulator import Emulator

GRAPH_SCOPE = "https://graph.microsoft.com/.default"
TIMEOUT_SECONDS = 10.0


class Client:
    """A context manager. It trusts the emulator's CA and nothing that the environment says."""

    def __init__(self, entra: Emulator, *, tenant: str | None = None) -> None:
        self._entra = entra
        self._tenant = tenant or entra.tenant_id
        self._http_cache: dict[str, Any] = {}
        self._app: Any = None
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(entra.ca_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.session.close()

    @property
    def app(self) -> Any:
        """MSAL's client, made with the first use: that is the discovery request."""
        if self._app is None:
            self._app = msal.PublicClientApplication(
                self._entra.client_id,
                authority=f"{self._entra.authority_host}/{self._tenant}",
                instance_discovery=False,
                http_client=self.session,
                http_cache=self._http_cache,
            )
        return self._app

    def begin(self, *scopes: str, language: str | None = None) -> dict[str, Any]:
        """Ask for a device code."""
        params = {"mkt": language} if language else None
        return dict(self.app.initiate_device_flow(list(scopes or (GRAPH_SCOPE,)), params=params))

    def poll(self, flow: dict[str, Any]) -> dict[str, Any]:
        """One request for the token of a device code, however soon after the last."""
        flow["latest_attempt_at"] = 0
        return dict(self.app.acquire_token_by_device_flow(flow, exit_condition=lambda _flow: True))

    def sign_in(self, *scopes: str, user: str = "alice") -> dict[str, Any]:
        """The answer to a whole sign-in."""
        flow = self.begin(*scopes)
        self._entra.approve(flow["user_code"], user)
        return self.poll(flow)

    def refresh(self, *scopes: str) -> dict[str, Any]:
        """One forced renewal for the account that is signed in."""
        # MSAL keeps failures for a minute and would not ask again.
        self._http_cache.clear()
        account = self.app.get_accounts()[0]
        wanted = list(scopes or (GRAPH_SCOPE,))
        return dict(self.app.acquire_token_silent_with_error(wanted, account, force_refresh=True))

    def get(self, path: str, token: str | None = None, **headers: str) -> requests.Response:
        """GET with a bearer token."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.session.get(
            self._entra.authority_host + path, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )

    def post_token(self, *, timeout_seconds: float = TIMEOUT_SECONDS, **form: str) -> requests.Response:
        """A form to the token endpoint, without MSAL."""
        url = f"{self._entra.authority}/oauth2/v2.0/token"
        data = {"client_id": self._entra.client_id, **form}
        return self.session.post(url, data=data, timeout=timeout_seconds, allow_redirects=False)

    def post_refresh(
        self,
        refresh_token: str,
        scope: str = f"{GRAPH_SCOPE} offline_access",
        *,
        timeout_seconds: float = 10.0,
    ) -> requests.Response:
        """A renewal without MSAL, which would hide what the server did."""
        return self.post_token(
            timeout_seconds=timeout_seconds,
            grant_type="refresh_token",
            refresh_token=refresh_token,
            scope=scope,
        )

    def control(self, method: str, name: str, content: object = None) -> requests.Response:
        """A request to /_control."""
        url = f"{self._entra.authority_host}/_control/{name}"
        return self.session.request(method, url, json=content, timeout=TIMEOUT_SECONDS)

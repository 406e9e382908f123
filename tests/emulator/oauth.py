"""The v2.0 endpoints: discovery, devicecode, token, keys.

Shapes: learn.microsoft.com "OAuth 2.0 device authorization grant" and "refresh tokens", and what
MSAL reads of them. Every method may raise `EntraError`, which the caller words as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.emulator.directory import App, Directory, Scopes, User
from tests.emulator.errors import EntraError
from tests.emulator.grants import DeviceCode, Grants, RefreshToken, State
from tests.emulator.messages import GRANT_DEVICE_CODE
from tests.emulator.policy import Policy
from tests.emulator.tokens import Mint, client_info

_MESSAGES = {
    "en": "To sign in, open the page {uri} in a web browser and enter the code {code}.",
    "de": "Öffnen Sie zum Anmelden die Seite {uri} in einem Webbrowser, und geben Sie den Code {code} ein.",
    "fr": "Pour vous connecter, ouvrez la page {uri} dans un navigateur et entrez le code {code}.",
}


class AuthorizationServer:
    """Answers for every tenant of `directory`; what it gives out is remembered in `secrets`."""

    def __init__(
        self,
        *,
        authority_host: str,
        directory: Directory,
        grants: Grants,
        policy: Policy,
        mint: Mint,
        now: Callable[[], float],
    ) -> None:
        self._host = authority_host
        self._directory = directory
        self._grants = grants
        self._policy = policy
        self._mint = mint
        self._now = now
        self.secrets: set[str] = set()
        self.unconsented: set[str] = set()

    def discovery(self, segment: str) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0 section 3, as Entra fills it in for `segment`."""
        tenant = self._directory.tenant(segment)
        # The placeholder is what Entra answers at /common and /organizations.
        tenant_id = tenant.tenant_id if tenant else "{tenantid}"
        base = f"{self._host}/{tenant.tenant_id if tenant else segment}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": self._mint.issuer(tenant_id),
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": f"{self._host}/oidc/userinfo",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "claims_supported": [
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "name",
                "tid",
                "ver",
                "preferred_username",
            ],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "localhost",
        }

    def keys(self, segment: str) -> dict[str, Any]:
        """The JWK set."""
        self._directory.tenant(segment)
        return self._mint.jwks()

    def device_code(self, segment: str, form: Mapping[str, str], language: str | None) -> dict[str, Any]:
        """RFC 8628 section 3.2; `language` is the `mkt` parameter, such as de-DE."""
        tenant = self._directory.tenant(segment)
        app = self._directory.app(form.get("client_id"), tenant)
        if not form.get("scope"):
            raise EntraError(900144, "Parameter: 'scope'.")
        self._directory.scopes(form["scope"], app)
        code = self._grants.issue_code(
            client_id=app.client_id,
            tenant=tenant,
            scope=form["scope"],
            now=self._now(),
            life=self._policy.code_life,
            interval=self._policy.interval,
        )
        self.secrets.add(code.device_code)
        uri = self._policy.page_url or f"{self._host}/devicelogin"
        message = _MESSAGES.get((language or "en")[:2].lower(), _MESSAGES["en"])
        return {
            "user_code": code.user_code,
            "device_code": code.device_code,
            "verification_uri": uri,
            "expires_in": self._policy.code_life,
            "interval": code.interval,
            "message": message.format(uri=uri, code=code.user_code),
        }

    def token(self, segment: str, form: Mapping[str, str]) -> dict[str, Any]:
        """RFC 8628 section 3.4 and RFC 6749 section 6."""
        tenant = self._directory.tenant(segment)
        app = self._directory.app(form.get("client_id"), tenant)
        match form.get("grant_type"):
            case None | "":
                raise EntraError(900144, "Parameter: 'grant_type'.")
            case "refresh_token":
                return self._refresh(app, form)
            case grant if grant == GRANT_DEVICE_CODE:
                return self._redeem_code(app, form)
            case _:
                raise EntraError(70003)

    def _redeem_code(self, app: App, form: Mapping[str, str]) -> dict[str, Any]:
        self.approve_due()
        now = self._now()
        # Entra's documentation says `device_code`; `code` is what it was called before 2018.
        code = self._grants.poll(
            form.get("device_code") or form.get("code"),
            app.client_id,
            now,
            enforce_interval=self._policy.enforce_interval,
        )
        # Seen at Entra: the missing "public client flows" switch shows only after the sign-in.
        if not app.public_client:
            raise EntraError(7000218)
        assert code.user is not None, "an approved code has its user"
        code.state = State.REDEEMED
        scopes = self._directory.scopes(code.scope, app)
        return self._grant(app, code.user, scopes, requested=code.scope, after=None)

    def _refresh(self, app: App, form: Mapping[str, str]) -> dict[str, Any]:
        if not app.public_client:
            raise EntraError(7000218)
        requested = form.get("scope")
        if requested:
            self._directory.scopes(requested, app)
        token = self._grants.redeem(
            form.get("refresh_token"),
            app.client_id,
            self._now(),
            rotation=self._policy.rotation,
            life=self._policy.refresh_token_life,
            frequency=self._policy.signin_frequency,
        )
        requested = requested or token.scope
        scopes = self._directory.scopes(requested, app)
        return self._grant(app, token.user, scopes, requested=requested, after=token)

    def _grant(
        self, app: App, user: User, scopes: Scopes, *, requested: str, after: RefreshToken | None
    ) -> dict[str, Any]:
        if scopes.resource in self.unconsented:
            raise EntraError(65001, f"Resource: {scopes.resource}.")
        now, life = self._now(), self._policy.token_life
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": scopes.granted,
            "expires_in": life,
            "ext_expires_in": life,
            "access_token": self._mint.access_token(user, app, scopes, now=now, life=life),
        }
        if self._policy.refresh_in is not None:
            answer["refresh_in"] = self._policy.refresh_in
        if "offline_access" in scopes.oidc and (after is None or self._policy.rotation != "none"):
            token = self._grants.issue_refresh_token(
                user=user, client_id=app.client_id, scope=requested, now=now, after=after
            )
            answer["refresh_token"] = token.value
            if self._policy.tell_session_end:
                answer["refresh_token_expires_in"] = int(self._session_seconds(token))
        if "openid" in scopes.oidc:
            answer["id_token"] = self._mint.id_token(user, app, now=now)
        answer["client_info"] = client_info(user)
        self.secrets.update(
            answer[name] for name in ("access_token", "refresh_token", "id_token") if name in answer
        )
        return answer

    def _session_seconds(self, token: RefreshToken) -> float:
        """Until a refresh token is no longer taken: an end that each use moves on, or the sign-in's."""
        frequency, seconds = self._policy.signin_frequency, self._policy.refresh_token_life
        if frequency is not None:
            seconds = min(seconds, token.session_began_on + frequency - self._now())
        return seconds

    def approve_due(self) -> None:
        """Approve by itself the codes that are old enough, if that is the policy."""
        if self._policy.approve_after is None or self._policy.block_device_code:
            return
        for code in self._grants.open_codes(self._now()):
            if self._now() >= code.issued_on + self._policy.approve_after:
                self.approve(code, self._directory.user(self._policy.user))

    def approve(self, code: DeviceCode, user: User) -> None:
        """Sign `user` in at an open prompt.

        :raises EntraError: as `check_signin`
        """
        self.check_signin(code, user)
        code.state, code.user = State.APPROVED, user

    def check_signin(self, code: DeviceCode, user: User) -> None:
        """Whether `user` may sign in at this prompt.

        :raises EntraError: 53003 the flow is blocked, 50020 the user is of another tenant
        """
        if self._policy.block_device_code:
            raise EntraError(53003)
        tenant = code.tenant
        if not self._policy.foreign_users and tenant and tenant.tenant_id != user.tenant_id:
            raise EntraError(50020, f"User: {user.username}.")

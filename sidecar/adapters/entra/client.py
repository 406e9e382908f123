"""The authority, through MSAL: the only importer of `msal`.

One MSAL call is one request: no hidden loops, no fallbacks, no look-ups at other hosts. What MSAL
reports in five ways (error dictionaries, ValueError, RuntimeError, its own and foreign exceptions)
leaves here as the classes of `sidecar.errors`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msal

from sidecar.adapters.entra.baton import Baton
from sidecar.adapters.entra.guard import Guard, Transport, odd_answers, refused, requestable
from sidecar.core.account import Account, account_after_renewal, account_from_claims
from sidecar.core.grant import Authority, Grant, access_token_from, session_ends_on
from sidecar.core.oauth_answer import not_oauth, seconds_of, text_of
from sidecar.core.schedule import Anchor
from sidecar.errors import (
    AccountRefused,
    AuthorityMisconfigured,
    AuthorityUntrusted,
    SidecarError,
    SigninRequired,
)

if TYPE_CHECKING:
    from sidecar.core.device_code import DeviceAuthorization, PollResult

# MSAL logs whole token responses when they are malformed (msal 1.39, oauth2cli/oauth2.py).
logging.getLogger("msal").disabled = True

CODE_LIFE_DEFAULT_SECONDS = 900


class Entra:
    """The client of one app at one authority; made anew for every turn."""

    def __init__(
        self,
        *,
        authority: Authority,
        client_id: str,
        cache: Callable[[], msal.TokenCache],
        transport: Transport,
        clocks: Callable[[], Anchor],
    ) -> None:
        """`cache` gives the cache as it is when the first request is made."""
        self._authority = authority
        self._client_id = client_id
        self._cache = cache
        self._transport = transport
        self._clocks = clocks
        self._baton = Baton()
        self._made: msal.PublicClientApplication | None = None
        self._flow: dict[str, Any] = {}

    def reset(self) -> None:
        """Forget what MSAL holds in memory; the next request starts from the cache again."""
        self._made = None

    def prepare(self) -> None:
        """Fetch the discovery document, unless it is kept: not while a renewal holds signals back.

        :raises AuthorityUnreachable, AuthorityUntrusted, AuthorityBusy: no usable answer
        :raises AuthorityMisconfigured: the tenant or provider does not exist
        """
        self._app()

    def begin_device_flow(
        self, scopes: tuple[str, ...], *, language: str | None = None
    ) -> DeviceAuthorization:
        """Ask for a device code (RFC 8628 section 3.1). `language` is Entra's `mkt`, such as de-DE.

        :raises AuthorityUnreachable, AuthorityUntrusted, AuthorityBusy: no usable answer
        :raises AuthorityMisconfigured: the client, tenant or scopes are not accepted
        """
        from sidecar.core.device_code import INTERVAL_DEFAULT_SECONDS, DeviceAuthorization

        started = self._clocks()
        params = {"mkt": language} if language else None
        app = self._app()
        if text_of(app.client.configuration, "device_authorization_endpoint") is None:
            self._transport.forget()
            raise AuthorityMisconfigured(
                "the authority offers no device authorization endpoint",
                advice="Turn on the device authorization grant (RFC 8628) at the provider.",
            )
        with odd_answers():
            flow = app.initiate_device_flow(requestable(scopes), params=params)
        if "error" in flow or not (text_of(flow, "user_code") and text_of(flow, "device_code")):
            raise refused(flow)
        self._flow = flow
        uri = text_of(flow, "verification_uri") or text_of(flow, "verification_url")
        if uri is None:
            raise not_oauth("a device code without a verification_uri")
        return DeviceAuthorization(
            user_code=flow["user_code"],
            verification_uri=uri,
            verification_uri_complete=text_of(flow, "verification_uri_complete"),
            expires_on=self._wall_at(started)
            + (_positive(flow.get("expires_in")) or CODE_LIFE_DEFAULT_SECONDS),
            interval_seconds=seconds_of(flow.get("interval"), INTERVAL_DEFAULT_SECONDS),
            message=text_of(flow, "message"),
        )

    def poll(self, scopes: tuple[str, ...]) -> PollResult:
        """Poll the code of `begin_device_flow` once. Trouble on the way is an answer, not an error."""
        from sidecar.core.device_code import Answer, PollResult, answer_for

        started = self._clocks()
        try:
            # The pace is ours. MSAL would warn when its own is undercut, and at an interval of 0 its
            # loop never asks whether to go on (measured with msal 1.39).
            self._flow.pop("latest_attempt_at", None)
            self._flow["interval"] = 1
            app = self._app()
            with odd_answers():
                result = app.acquire_token_by_device_flow(self._flow, exit_condition=lambda _flow: True)
        except SidecarError as error:
            # The code stays valid behind a certificate that may be a proxy's of this moment.
            if error.retryable or isinstance(error, AuthorityUntrusted):
                return PollResult(Answer.TROUBLE, error=error)
            return PollResult(Answer.REFUSED, error=error)
        if "error" not in result:
            try:
                return PollResult(Answer.GRANTED, grant=self._grant(result, scopes, started))
            except SidecarError as error:
                return PollResult(Answer.REFUSED, error=error)
        said = refused(result)
        answer = answer_for(str(result["error"]))
        if answer is Answer.REFUSED and said.retryable:
            answer = Answer.TROUBLE
        return PollResult(answer, error=said)

    def renew(self, account: Account, scopes: tuple[str, ...]) -> Grant:
        """Use the refresh token, whatever life the cached access token has: one request. Several threads may
        do so side by side, and nothing else of this class meanwhile.

        :raises SigninRequired: the refresh token is not accepted any more, or there is none
        :raises AuthorityMisconfigured: the client, tenant or scopes are not accepted
        :raises AuthorityUnreachable, AuthorityUntrusted, AuthorityBusy, TokenUnusable: see there
        """
        with self._baton.held():
            return self._renew(account, scopes)

    def _renew(self, account: Account, scopes: tuple[str, ...]) -> Grant:
        started = self._clocks()
        app = self._app()
        found = [known for known in app.get_accounts() if known["home_account_id"] == account.home_account_id]
        result = None
        if found:
            with odd_answers():
                result = app.acquire_token_silent_with_error(
                    requestable(scopes),
                    found[0],
                    force_refresh=True,
                    # What it falls back from to a cached token, which it does not look at here. Unsaid, it
                    # imports requests to name its default.
                    http_exceptions=(OSError,),
                )
        if result is None:
            raise SigninRequired(
                f"the cache holds no refresh token of {account.name}",
                advice="Sign in again at the prompt.",
            )
        if "error" in result:
            raise refused(result)
        return self._grant(result, scopes, started, known=account)

    def keep_only(self, account: Account) -> None:
        """Remove everybody else from the cache: one sidecar, one signed-in person."""
        app = self._app()
        for known in app.get_accounts():
            if known["home_account_id"] != account.home_account_id:
                app.remove_account(known)

    def _app(self) -> msal.PublicClientApplication:
        """:raises AuthorityMisconfigured: the tenant or provider does not exist"""
        if self._made is None:
            which = "oidc_authority" if self._authority.oidc else "authority"
            made = msal.PublicClientApplication  # loaded now: that it cannot be is no matter of configuration
            try:
                self._made = made(
                    self._client_id,
                    token_cache=self._cache(),
                    http_client=Guard(self._transport, self._baton),
                    # Off: hosts are configured, and each failure would cost a look-up elsewhere
                    # whose own failure would hide the first (measured with msal 1.39).
                    instance_discovery=False,
                    **{which: self._authority.url},
                )
            except (SidecarError, OSError, MemoryError):
                raise
            except Exception as error:  # ValueError, KeyError, AttributeError, …: it expects strings
                self._transport.forget()
                raise AuthorityMisconfigured(
                    f"{self._authority.url} is not usable as an authority",
                    advice="Compare the authority's URL with its discovery document "
                    "(/.well-known/openid-configuration): the issuer has to be the same.",
                ) from error
        return self._made

    def _grant(
        self,
        result: Mapping[str, Any],
        scopes: tuple[str, ...],
        started: Anchor,
        known: Account | None = None,
    ) -> Grant:
        issued_on, entra = self._wall_at(started), not self._authority.oidc
        token = access_token_from(result, scopes, issued_on=issued_on, entra=entra)
        ends_on = session_ends_on(result, issued_on=issued_on)
        claims = result.get("id_token_claims")
        if known is None:
            account = self._account(claims) if isinstance(claims, dict) else None
            if account is None:
                raise not_oauth("a sign-in without an ID token for this client")
            return Grant(token, account, ends_on)
        if not isinstance(claims, dict):
            return Grant(token, known, ends_on)
        account = account_after_renewal(known, claims, entra=not self._authority.oidc)
        if account.object_id != known.object_id:
            raise AccountRefused(
                f"the authority renewed the token of {known.name} with one of {account.name}",
                advice="Nothing of it was kept. Tried again while a token lives; then a person is asked.",
            )
        return Grant(token, account, ends_on)

    def _wall_at(self, started: Anchor) -> int:
        """When a request was sent, by the wall clock as it is now: it may have been set meanwhile."""
        now = self._clocks()
        return int(now.wall - (now.boot - started.boot))

    def _account(self, claims: Mapping[str, Any]) -> Account | None:
        audience = claims.get("aud")
        if self._client_id not in (audience if isinstance(audience, list) else [audience]):
            return None
        subject = str(claims.get("oid") or claims.get("sub") or "")
        known = self._app().get_accounts()
        # The one that this answer created or updated: MSAL files it under the object id (Entra) or
        # the subject (elsewhere).
        for account in known:
            if account.get("local_account_id") == subject:
                return account_from_claims(
                    claims,
                    home_account_id=account["home_account_id"],
                    entra=not self._authority.oidc,
                )
        return None


def _positive(value: object) -> int:
    return max(seconds_of(value, 0), 0)

"""What the certified provider does, shown with MSAL itself: the ground the sidecar's test stands on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msal
import pytest
import requests

from tests.leaks import Leaks
from tests.oidc_provider.provider import OidcProvider, ProviderError

SCOPES = [OidcProvider.scope, "email"]
ACCESS_TOKEN_SECONDS = 15


@pytest.fixture(scope="module")
def provider(leaks: Leaks) -> Iterator[OidcProvider]:
    """One provider for the module; every test signs in people of its own."""
    with OidcProvider(access_token_seconds=ACCESS_TOKEN_SECONDS, interval_seconds=1) as running:
        yield running
        leaks.issued(running.secrets())


@pytest.fixture
def http(provider: OidcProvider) -> Iterator[requests.Session]:
    """Trusts the provider's authority and nothing else."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(provider.ca_file)
        yield session


@pytest.fixture
def app(provider: OidcProvider, http: requests.Session) -> msal.PublicClientApplication:
    """MSAL with an empty cache."""
    return msal.PublicClientApplication(
        provider.client_id, oidc_authority=provider.authority, instance_discovery=False, http_client=http
    )


def poll_once(app: msal.PublicClientApplication, flow: dict[str, Any]) -> dict[str, Any]:
    """One request for the tokens of a device code."""
    answer: dict[str, Any] = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    return answer


def sign_in(app: msal.PublicClientApplication, provider: OidcProvider, account: str) -> dict[str, Any]:
    """Device flow to the end."""
    flow = app.initiate_device_flow(SCOPES)
    provider.approve(flow["user_code"], account)
    return poll_once(app, flow)


def refresh(app: msal.PublicClientApplication) -> dict[str, Any]:
    """Redeem the refresh token of the one account in the cache."""
    (account,) = app.get_accounts()
    answer: dict[str, Any] = app.acquire_token_silent_with_error(SCOPES, account=account, force_refresh=True)
    return answer


def redeem(http: requests.Session, provider: OidcProvider, refresh_token: str) -> requests.Response:
    """A refresh that MSAL would not send: with whatever token is given."""
    form = {"client_id": provider.client_id, "grant_type": "refresh_token", "refresh_token": refresh_token}
    return http.post(f"{provider.authority}/token", data=form, timeout=10)


def userinfo(http: requests.Session, provider: OidcProvider, access_token: str) -> requests.Response:
    """What the provider says to a bearer of the token."""
    headers = {"Authorization": f"Bearer {access_token}"}
    return http.get(f"{provider.authority}/me", headers=headers, timeout=10)


def test_a_code_is_pending_until_a_person_approves_it(
    app: msal.PublicClientApplication, provider: OidcProvider
) -> None:
    """MSAL's device flow ends with all four things a sidecar needs, for the person who approved."""
    flow = app.initiate_device_flow(SCOPES)
    assert (flow["interval"], flow["expires_in"]) == (1, 600)
    assert flow["verification_uri"] == f"{provider.authority}/device"
    assert poll_once(app, flow)["error"] == "authorization_pending"

    provider.approve(flow["user_code"], "grace@example.test")

    answer = poll_once(app, flow)
    assert {"access_token", "refresh_token", "id_token", "expires_in"} <= answer.keys()
    assert answer["expires_in"] == ACCESS_TOKEN_SECONDS
    assert set(answer["scope"].split()) == {"openid", "profile", "email", "offline_access", "api:read"}
    claims = answer["id_token_claims"]
    assert claims["preferred_username"] == claims["email"] == "grace@example.test"
    assert claims["name"] == "grace (test account)"
    assert claims["iss"] == provider.authority
    (account,) = app.get_accounts()
    assert account["username"] == "grace@example.test"
    assert account["local_account_id"] == claims["sub"] != account["username"]


def test_the_page_for_people_asks_for_the_code(http: requests.Session, provider: OidcProvider) -> None:
    """The address in the prompt is a real page with a form, not only an approval behind the scenes."""
    page = http.get(f"{provider.authority}/device", timeout=10)
    assert page.status_code == requests.codes.ok
    assert 'name="user_code"' in page.text


def test_a_declined_code_is_refused(app: msal.PublicClientApplication, provider: OidcProvider) -> None:
    """Abort on the confirm page reaches the device as `access_denied` (RFC 8628 section 3.5)."""
    flow = app.initiate_device_flow(SCOPES)
    provider.decline(flow["user_code"])
    assert poll_once(app, flow)["error"] == "access_denied"


def test_a_code_that_nobody_enters_expires(http: requests.Session) -> None:
    """The lifetime is the provider's own, and its end is told apart from a refusal (RFC 8628)."""
    with OidcProvider(device_code_seconds=1) as short:
        http.verify = str(short.ca_file)
        form = {"client_id": short.client_id, "scope": "openid"}
        flow = http.post(f"{short.authority}/device/auth", data=form, timeout=10).json()
        assert flow["expires_in"] == 1
        form |= {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": flow["device_code"],
        }
        deadline = time.monotonic() + 10
        error = "authorization_pending"
        while error == "authorization_pending" and time.monotonic() < deadline:
            error = http.post(f"{short.authority}/token", data=form, timeout=10).json()["error"]
            time.sleep(0.05)
    assert error == "expired_token"


def test_a_refresh_brings_new_tokens_and_a_new_refresh_token(
    app: msal.PublicClientApplication, http: requests.Session, provider: OidcProvider
) -> None:
    """Each refresh rotates: all tokens differ, and the newest access token is good for a request."""
    answers = [sign_in(app, provider, "rotation@example.test"), refresh(app), refresh(app)]
    distinct = [len({answer[name] for answer in answers}) for name in ("access_token", "refresh_token")]
    assert distinct == [3, 3]
    assert {answer["expires_in"] for answer in answers} == {ACCESS_TOKEN_SECONDS}
    answer = userinfo(http, provider, answers[-1]["access_token"])
    assert answer.json()["preferred_username"] == "rotation@example.test"


def test_an_old_refresh_token_kills_the_grant(
    app: msal.PublicClientApplication, http: requests.Session, provider: OidcProvider
) -> None:
    """Reuse detection: after a second use of an old token the newest is worth nothing either."""
    first = sign_in(app, provider, "reuse@example.test")
    second = refresh(app)
    detected = provider.reuse_detected()

    reuse = redeem(http, provider, first["refresh_token"])

    assert (reuse.status_code, reuse.json()["error"]) == (requests.codes.bad_request, "invalid_grant")
    assert provider.reuse_detected() == detected + 1
    assert refresh(app)["error"] == "invalid_grant"
    assert userinfo(http, provider, second["access_token"]).status_code == requests.codes.unauthorized
    assert provider.reuse_detected() == detected + 1


def test_a_revoked_grant_cannot_be_refreshed(
    app: msal.PublicClientApplication, http: requests.Session, provider: OidcProvider
) -> None:
    """An administrator's revocation answers `invalid_grant`, to that person only."""
    revoked = sign_in(app, provider, "revoked@example.test")
    other_app = msal.PublicClientApplication(
        provider.client_id, oidc_authority=provider.authority, instance_discovery=False, http_client=http
    )
    sign_in(other_app, provider, "untouched@example.test")

    assert provider.revoke("revoked@example.test") == 1

    assert refresh(app)["error"] == "invalid_grant"
    assert userinfo(http, provider, revoked["access_token"]).status_code == requests.codes.unauthorized
    assert refresh(other_app).get("error") is None
    assert provider.revoke("revoked@example.test") == 0


def test_a_client_that_revokes_its_own_token_is_no_reuse(
    app: msal.PublicClientApplication, http: requests.Session, provider: OidcProvider
) -> None:
    """Only a second use counts as reuse; revocation (RFC 7009) ends the grant without it."""
    token = sign_in(app, provider, "leaving@example.test")["refresh_token"]
    detected = provider.reuse_detected()
    form = {"client_id": provider.client_id, "token": token}
    answer = http.post(f"{provider.authority}/token/revocation", data=form, timeout=10)
    assert answer.status_code == requests.codes.ok
    assert refresh(app)["error"] == "invalid_grant"
    assert provider.reuse_detected() == detected


def test_every_secret_is_known_to_the_leak_check(
    app: msal.PublicClientApplication, provider: OidcProvider
) -> None:
    """Whatever a client was given stands in `secrets()`, also a code that nobody approved."""
    waiting = app.initiate_device_flow(SCOPES)
    flow = app.initiate_device_flow(SCOPES)
    provider.approve(flow["user_code"], "secrets@example.test")
    answers = [poll_once(app, flow), refresh(app)]
    given = {waiting["device_code"], flow["device_code"]}
    given |= {answer[kind] for answer in answers for kind in ("access_token", "refresh_token", "id_token")}

    unknown = len(given - provider.secrets())

    assert unknown == 0


def test_requests_are_counted_by_route(app: msal.PublicClientApplication, provider: OidcProvider) -> None:
    """A refresh is one request; so a test can say how many the sidecar may make."""
    sign_in(app, provider, "counted@example.test")
    refresh(app)
    before = provider.requests()
    refresh(app)
    after = provider.requests()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "token:refresh_token": 1
    }


def test_an_unknown_or_used_code_cannot_be_approved(
    app: msal.PublicClientApplication, provider: OidcProvider
) -> None:
    """A test that approves the wrong code hears of it at once."""
    with pytest.raises(ProviderError, match="404"):
        provider.approve("BBBB-BBBB")
    flow = app.initiate_device_flow(SCOPES)
    provider.approve(flow["user_code"])
    with pytest.raises(ProviderError, match="409"):
        provider.decline(flow["user_code"])

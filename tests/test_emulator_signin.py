"""The stand-in for Entra, driven by MSAL itself over HTTPS: sign-in and what follows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import jwt
import pytest

from tests.emulator import Emulator, EntraError
from tests.emulator.client import GRAPH_SCOPE, Client
from tests.emulator.directory import App
from tests.emulator.messages import GRANT_DEVICE_CODE

ARM_SCOPE = "https://management.azure.com/.default"
VAULT_SCOPE = "https://vault.azure.net/.default"


@pytest.fixture
def client(entra: Emulator) -> Iterator[Client]:
    """MSAL in front of it."""
    with Client(entra) as made:
        yield made


def test_a_sign_in_is_pending_until_it_is_approved_and_then_gives_a_token(
    entra: Emulator, client: Client
) -> None:
    """The poller sees authorization_pending first, and after the approval a token of that user."""
    flow = client.begin()
    assert client.poll(flow)["error"] == "authorization_pending"
    entra.approve(user="bob")
    answer = client.poll(flow)
    assert answer["scope"].split()[0] == GRAPH_SCOPE
    assert answer["expires_in"] == 3600
    assert client.app.get_accounts()[0]["username"] == "bob@contoso.example"
    assert [r.kind for r in entra.requests] == ["discovery", "devicecode", *["token:device_code"] * 2]


def test_the_answer_carries_everything_entra_sends(entra: Emulator, client: Client) -> None:
    """Token claims, ID token and client_info name user, tenant, app and audience."""
    answer = client.sign_in("User.Read", "Mail.Read")
    key = jwt.PyJWK(client.get(f"/{entra.tenant_id}/discovery/v2.0/keys").json()["keys"][0])
    claims = jwt.decode(answer["access_token"], key, audience="https://graph.microsoft.com")
    assert set(claims["scp"].split()) == {"User.Read", "Mail.Read"}
    assert (claims["upn"], claims["tid"]) == ("alice@contoso.example", entra.tenant_id)
    assert answer["id_token_claims"]["preferred_username"] == "alice@contoso.example"
    assert answer["id_token_claims"]["aud"] == entra.client_id
    padded = answer["client_info"] + "=" * (-len(answer["client_info"]) % 4)
    assert json.loads(base64.urlsafe_b64decode(padded)) == {"uid": claims["oid"], "utid": entra.tenant_id}
    secret = {answer["access_token"], answer["refresh_token"], answer["id_token"]}
    assert secret <= entra.secrets
    assert len(entra.secrets) == 4, "and the device code"


@pytest.mark.parametrize(
    ("end", "error", "code"),
    [("decline", "authorization_declined", 65004), ("expire_codes", "expired_token", 70020)],
)
def test_a_prompt_that_ends_otherwise_says_how(
    entra: Emulator, client: Client, end: str, error: str, code: int
) -> None:
    """Declined and expired codes are answered as Entra does."""
    flow = client.begin()
    getattr(entra, end)()
    answer = client.poll(flow)
    assert (answer["error"], answer["error_codes"]) == (error, [code])
    assert answer["error_description"].startswith(f"AADSTS{code}: ")
    assert answer["correlation_id"] == flow["_correlation_id"]


def test_codes_expire_by_the_emulators_clock(entra: Emulator, client: Client) -> None:
    """A test need not wait for a code to expire."""
    flow = client.begin()
    entra.clock.advance(899)
    assert client.poll(flow)["error"] == "authorization_pending"
    entra.clock.advance(1)
    assert client.poll(flow)["error"] == "expired_token"
    with pytest.raises(LookupError):
        entra.approve()


def test_a_code_is_good_once(client: Client, entra: Emulator) -> None:
    """A redeemed code and an unknown one give no second token."""
    flow = client.begin()
    entra.approve()
    assert "access_token" in client.poll(flow)
    assert client.poll(flow)["error_codes"] == [54005]
    assert client.poll({**flow, "device_code": "made-up"})["error"] == "bad_verification_code"


def test_an_eager_poller_is_slowed_down_if_the_interval_is_enforced(entra: Emulator, client: Client) -> None:
    """RFC 8628 section 3.5: sooner than the interval is slow_down, and five seconds more."""
    entra.policy.enforce_interval = True
    flow = client.begin()
    assert [client.poll(flow)["error"] for _ in range(2)] == ["authorization_pending", "slow_down"]
    entra.clock.advance(5)
    assert client.poll(flow)["error"] == "slow_down", "the interval is six seconds now"
    entra.clock.advance(11)
    assert client.poll(flow)["error"] == "authorization_pending"


def test_codes_can_approve_themselves(entra: Emulator, client: Client) -> None:
    """With approve_after nobody has to be there."""
    entra.policy.approve_after, entra.policy.user = 30, "bob"
    flow = client.begin()
    assert client.poll(flow)["error"] == "authorization_pending"
    entra.clock.advance(30)
    assert client.poll(flow)["id_token_claims"]["preferred_username"] == "bob@contoso.example"


@pytest.mark.parametrize(
    ("language", "word"),
    [(None, "sign in"), ("de-DE", "Anmelden"), ("fr-FR", "connecter"), ("xx", "sign in")],
)
def test_the_message_is_in_the_language_asked_for(client: Client, language: str | None, word: str) -> None:
    """`mkt` chooses it, English otherwise, and page and code are in all of them."""
    flow = client.begin(language=language)
    assert word in flow["message"]
    assert flow["verification_uri"] in flow["message"]
    assert flow["user_code"] in flow["message"]


@pytest.mark.parametrize("tenant", ["contoso.example", "organizations", "common"])
def test_the_tenant_may_be_named_otherwise(entra: Emulator, tenant: str) -> None:
    """A domain, /organizations and /common lead to the same sign-in."""
    with Client(entra, tenant=tenant) as client:
        answer = client.sign_in()
    assert answer["id_token_claims"]["tid"] == entra.tenant_id


def test_an_unknown_tenant_is_no_authority(entra: Emulator) -> None:
    """MSAL's constructor fails as it does at Entra: 400, AADSTS90002."""
    with Client(entra, tenant="nowhere.example") as client, pytest.raises(ValueError, match="tenant name"):
        client.begin()
    assert [(r.status, r.error) for r in entra.requests] == [(400, "invalid_tenant")]


@pytest.mark.parametrize(
    ("scopes", "code", "error"),
    [
        (["https://nobody.invalid/.default"], 500011, "invalid_resource"),
        ([GRAPH_SCOPE, ARM_SCOPE], 28000, "invalid_scope"),
    ],
)
def test_wrong_scopes_are_refused(client: Client, scopes: list[str], code: int, error: str) -> None:
    """An unknown resource, and two resources in one request."""
    answer = client.begin(*scopes)
    assert (answer["error"], answer["error_codes"]) == (error, [code])


def test_a_wrong_app_is_refused(entra: Emulator, client: Client) -> None:
    """Unknown, disabled, or single-tenant at /common."""
    entra.app.enabled = False
    assert client.begin()["error_codes"] == [7000112]
    entra.directory.apps.clear()
    assert client.post_token(grant_type="refresh_token").json()["error_codes"] == [700016]
    with Emulator(multi_tenant=False) as single, Client(single, tenant="common") as at_common:
        assert at_common.begin()["error_codes"] == [50194]


def test_codes_and_refresh_tokens_are_of_one_app(entra: Emulator, client: Client) -> None:
    """Another app can redeem neither."""
    other = App("00000000-0000-4000-8000-00000000a002", "Other app")
    entra.directory.apps[other.client_id] = other
    token = client.sign_in()["refresh_token"]
    flow = client.begin()
    entra.approve()
    refresh = client.post_token(client_id=other.client_id, grant_type="refresh_token", refresh_token=token)
    assert refresh.json()["error"] == "invalid_grant"
    poll = client.post_token(
        client_id=other.client_id, grant_type=GRANT_DEVICE_CODE, device_code=flow["device_code"]
    )
    assert poll.json()["error"] == "bad_verification_code"
    assert "access_token" in client.poll(flow)


def test_without_public_client_flows_the_sign_in_fails_at_its_end(entra: Emulator, client: Client) -> None:
    """As at Entra: the prompt appears and is approved, and then comes invalid_client."""
    entra.app.public_client = False
    flow = client.begin()
    assert client.poll(flow)["error"] == "authorization_pending"
    entra.approve()
    answer = client.poll(flow)
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [7000218])


def test_a_user_of_another_tenant_may_sign_in_only_if_the_policy_says_so(
    entra: Emulator, client: Client
) -> None:
    """Mallory's tokens name her own tenant."""
    flow = client.begin()
    with pytest.raises(EntraError, match="AADSTS50020"):
        entra.approve(user="mallory")
    entra.policy.foreign_users = True
    entra.approve(user="mallory")
    claims = client.poll(flow)["id_token_claims"]
    assert claims["tid"] != entra.tenant_id
    assert claims["preferred_username"] == "mallory@fabrikam.example"


@pytest.mark.parametrize(
    ("path", "scope", "other"),
    [
        ("/v1.0/me", GRAPH_SCOPE, ARM_SCOPE),
        ("/subscriptions", ARM_SCOPE, VAULT_SCOPE),
        ("/secrets", VAULT_SCOPE, GRAPH_SCOPE),
    ],
)
def test_a_resource_takes_live_tokens_of_its_own_audience(
    entra: Emulator, client: Client, path: str, scope: str, other: str
) -> None:
    """200 for a good token; 401 with a challenge for none, garbage, another audience, an old one."""
    entra.policy.token_life = 60
    client.sign_in(scope)
    good, foreign = client.refresh(scope)["access_token"], client.refresh(other)["access_token"]
    assert client.get(path, good).status_code == 200
    head, payload, signature = good.split(".")
    forged = f"{head}.{payload}.{signature[::-1]}"
    for bad in (None, "garbage", forged, foreign):
        refused = client.get(path, bad)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer ")
        assert refused.json()["error"]["code"]
    assert client.get(path, Authorization=f"Basic {good}").status_code == 401
    entra.clock.advance(62)
    assert client.get(path, good).status_code == 401


def test_me_is_the_user_who_signed_in(client: Client) -> None:
    """Graph's /me names the account of the token."""
    token = client.sign_in(user="bob")["access_token"]
    me = client.get("/v1.0/me", token).json()
    assert (me["displayName"], me["userPrincipalName"]) == ("Bob Brown", "bob@contoso.example")

"""The provider of a run: a process of its own that counts, approves and delays."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msal
import pytest
import requests

from tests.bench.provider import Provider
from tests.leaks import Leaks

SCOPES = ["https://graph.microsoft.com/.default"]


@pytest.fixture
def provider(leaks: Leaks) -> Iterator[Provider]:
    """One on loopback."""
    with Provider() as made:
        yield made
        leaks.issued(made.secrets())


@pytest.fixture
def app(provider: Provider) -> Iterator[msal.PublicClientApplication]:
    """MSAL in front of it, trusting what a peer's container is told to."""
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(provider.bundle_file)
        yield msal.PublicClientApplication(
            provider.client_id,
            authority=f"{provider.authority_host}/{provider.tenant_id}",
            instance_discovery=False,
            http_client=session,
        )


def poll(app: msal.PublicClientApplication, flow: dict[str, object]) -> dict[str, object]:
    """One request for the tokens of a prompt."""
    flow["latest_attempt_at"] = 0
    return dict(app.acquire_token_by_device_flow(flow, exit_condition=lambda _flow: True))


def test_it_approves_by_itself_unless_told_otherwise(
    provider: Provider, app: msal.PublicClientApplication
) -> None:
    """A sign-in needs nobody; one whose approval is to be measured waits for `approve`."""
    assert "access_token" in poll(app, app.initiate_device_flow(SCOPES))
    provider.approve_by_itself(False)
    flow = app.initiate_device_flow(SCOPES)
    assert poll(app, flow)["error"] == "authorization_pending"
    assert provider.approve() == [flow["user_code"]]
    assert "access_token" in poll(app, flow)


def test_it_counts_what_arrives_by_grant(provider: Provider, app: msal.PublicClientApplication) -> None:
    """From `forget_requests` on; tokens live as long as it is told."""
    poll(app, app.initiate_device_flow(SCOPES))
    assert [request.kind for request in provider.requests()] == [
        "discovery",
        "devicecode",
        "token:device_code",
    ]
    provider.forget_requests()
    provider.token_life(77)
    (account,) = app.get_accounts()
    renewed = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert renewed["expires_in"] == 77
    (request,) = provider.requests("token")
    assert request.kind == "token:refresh_token"
    assert abs(time.time() - request.at) < 60
    assert provider.requests("devicecode") == []


def test_it_is_as_far_away_as_wanted(provider: Provider, app: msal.PublicClientApplication) -> None:
    """Each answer comes so much later, until it is told to stop."""
    provider.latency(0.5)
    started = time.monotonic()
    app.initiate_device_flow(SCOPES)
    assert time.monotonic() - started >= 0.5
    provider.latency(0)
    assert provider.requests("devicecode")[0].fault == "Hang"
    app.initiate_device_flow([*SCOPES, "User.Read"])
    assert [request.fault for request in provider.requests("devicecode")] == ["Hang", None]


def test_its_process_ends_with_it() -> None:
    """Nothing is left behind a run."""
    with Provider() as provider:
        url = f"{provider.authority_host}/_control/health"
        ca_file = provider.ca_file
        assert requests.get(url, verify=str(ca_file), timeout=30).json() == {"status": "ok"}
    assert not ca_file.exists()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, verify=False, timeout=30)

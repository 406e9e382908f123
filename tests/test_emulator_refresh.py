"""The stand-in for Entra: renewals, rotation and the ends of a sign-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator import Emulator
from tests.emulator.client import Client


@pytest.fixture
def client(entra: Emulator) -> Iterator[Client]:
    """MSAL in front of it."""
    with Client(entra) as made:
        yield made


def test_one_refresh_token_renews_for_every_audience(entra: Emulator, client: Client) -> None:
    """A sign-in for Graph is good for ARM, Key Vault and the app's own API; one request each."""
    client.sign_in()
    for resource in (
        "https://management.azure.com/",  # its scope has two slashes: the old name ended in one
        "https://vault.azure.net",
        f"api://{entra.client_id}",
    ):
        assert client.refresh(f"{resource}/.default")["scope"].split()[0] == f"{resource}/.default"
    assert entra.count("token:refresh_token") == 3


def test_old_refresh_tokens_stay_valid_as_at_entra(client: Client) -> None:
    """Microsoft: the platform doesn't revoke old refresh tokens when they are used."""
    first = client.sign_in()["refresh_token"]
    second = client.post_refresh(first).json()["refresh_token"]
    assert first != second
    assert client.post_refresh(first).status_code == client.post_refresh(second).status_code == 200


def test_a_spent_one_time_token_revokes_its_family_and_no_other(entra: Emulator, client: Client) -> None:
    """RFC 9700 section 4.14.2: reuse ends the sign-in that the token stems from."""
    entra.policy.rotation = "one-time"
    other = client.sign_in(user="alice")["refresh_token"]
    first = client.sign_in(user="alice")["refresh_token"]
    second = client.post_refresh(first).json()["refresh_token"]
    reused = client.post_refresh(first)
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    assert client.post_refresh(second).json()["error"] == "invalid_grant"
    assert client.post_refresh(other).status_code == 200


def test_without_rotation_or_offline_access_there_is_no_new_refresh_token(
    entra: Emulator, client: Client
) -> None:
    """A server may keep the old one (RFC 6749 section 6), and gives one only to who asks for it."""
    token = client.sign_in()["refresh_token"]
    assert "refresh_token" not in client.post_refresh(token, "User.Read").json()
    entra.policy.rotation = "none"
    assert "refresh_token" not in client.post_refresh(token).json()


def test_lives_and_refresh_in_are_settable(entra: Emulator, client: Client) -> None:
    """Down to a second; refresh_in is sent only if set."""
    assert "refresh_on" not in client.sign_in()
    entra.policy.token_life, entra.policy.refresh_in = 1, 7
    answer = client.refresh()
    assert answer["expires_in"] == 1
    assert answer["refresh_on"]


@pytest.mark.parametrize("code", [50173, 700082, 70043, 50057])
def test_revoked_tokens_end_in_invalid_grant_until_the_next_sign_in(
    entra: Emulator, client: Client, code: int
) -> None:
    """Of the named user only; a new sign-in works."""
    bob = client.sign_in(user="bob")["refresh_token"]
    with Client(entra) as alice:
        alice.sign_in(user="alice")
        assert entra.revoke("alice", code) == 1
        answer = alice.refresh()
        assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [code])
        assert client.post_refresh(bob).status_code == 200
        alice.sign_in(user="alice")
        assert "access_token" in alice.refresh()


def test_conditional_access_asks_for_interaction(entra: Emulator, client: Client) -> None:
    """interaction_required with suberror and claims, as for a new MFA policy."""
    token = client.sign_in()["refresh_token"]
    entra.conditional_access()
    answer = client.post_refresh(token).json()
    assert (answer["error"], answer["suberror"]) == ("interaction_required", "basic_action")
    assert "access_token" in answer["claims"]


def test_a_blocked_device_code_flow_stays_pending(entra: Emulator, client: Client) -> None:
    """The page refuses, and the poller learns nothing; renewals are refused too."""
    token = client.sign_in()["refresh_token"]
    entra.policy.block_device_code, entra.policy.approve_after = True, 0
    entra.conditional_access(code=530036)
    assert client.post_refresh(token).json()["error_codes"] == [530036]
    assert client.poll(client.begin())["error"] == "authorization_pending"


def test_missing_consent_is_of_one_resource(entra: Emulator, client: Client) -> None:
    """65001 for it, a token for the others, and for it again once consent is given."""
    client.sign_in()
    entra.withhold_consent("https://vault.azure.net")
    refused = client.refresh("https://vault.azure.net/.default")
    assert (refused["error"], refused["suberror"]) == ("invalid_grant", "consent_required")
    assert "access_token" in client.refresh()
    entra.give_consent("https://vault.azure.net")
    assert "access_token" in client.refresh("https://vault.azure.net/.default")


def test_refresh_tokens_grow_old_unknown_ones_and_wrong_grants_are_refused(
    entra: Emulator, client: Client
) -> None:
    """90 days unused is 700082; the rest as RFC 6749 section 5.2 has it."""
    token = client.sign_in()["refresh_token"]
    entra.clock.advance(90 * 86400)
    assert client.post_refresh(token).json()["error_codes"] == [700082]
    assert client.post_refresh("made-up").json()["error"] == "invalid_grant"
    assert client.post_token(grant_type="password").json()["error"] == "unsupported_grant_type"
    assert client.post_token().json()["error"] == "invalid_request"


def test_the_servers_clock_dates_everything(entra: Emulator, client: Client) -> None:
    """A skewed clock shows in Date, and a token from a clock that is fast lives longer here."""
    entra.clock.offset = -86400 * 400
    response = client.get("/v1.0/me")
    assert response.headers["Date"] != ""
    year = int(response.headers["Date"].split()[3])
    entra.clock.offset = 0
    assert year < int(client.get("/v1.0/me").headers["Date"].split()[3])


def test_sign_in_frequency_ends_the_sign_in_and_not_the_token(entra: Emulator, client: Client) -> None:
    """Renewals do not lengthen it; the next sign-in begins anew."""
    entra.policy.signin_frequency = 3600
    token = client.sign_in()["refresh_token"]
    entra.clock.advance(3500)
    token = client.post_refresh(token).json()["refresh_token"]
    entra.clock.advance(200)
    refused = client.post_refresh(token).json()
    assert (refused["error"], refused["suberror"], refused["error_codes"]) == (
        "invalid_grant",
        "token_expired",
        [70043],
    )
    assert client.post_refresh(client.sign_in()["refresh_token"]).status_code == 200


@pytest.mark.parametrize(("frequency", "left"), [(None, 90 * 86400), (3600, 2600)])
def test_end_of_the_sign_in_is_told_if_that_is_the_policy(
    entra: Emulator, client: Client, frequency: float | None, left: int
) -> None:
    """By `refresh_token_expires_in`, and MSAL hands it on: an end that stays, or one that moves."""
    assert "refresh_token_expires_in" not in client.sign_in()
    entra.policy.signin_frequency, entra.policy.tell_session_end = frequency, True
    first = client.sign_in()["refresh_token_expires_in"]
    assert abs(first - (frequency or left)) <= 2
    entra.clock.advance(1000)
    assert abs(client.refresh()["refresh_token_expires_in"] - left) <= 5

"""The access token, its life, and the document that apps read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.account import Account
from sidecar.core.token import AccessToken, Freshness, freshness, resource_of, token_document
from tests.core.strategies import NOW, accounts, instants, token_of, tokens

ALICE = Account("alice", "oid", "tid", "home")


@given(token=tokens, now=st.floats(0, 4e9))
def test_token_lives_exactly_while_seconds_remain(token: AccessToken, now: float) -> None:
    """The two ways to ask never disagree."""
    assert token.lives(now) == (token.remaining_seconds(now) > 0)


def test_token_is_dead_in_the_second_it_expires() -> None:
    """`expires_on` is the first instant at which a resource refuses it (RFC 7519 section 4.1.4)."""
    token = token_of(60)
    assert token.lives(NOW + 59.999)
    assert not token.lives(NOW + 60)


@given(token=tokens, now=instants, renew_on=instants)
def test_expired_token_is_never_merely_stale(token: AccessToken, now: int, renew_on: int) -> None:
    """Whatever the schedule says: invalid once dead, stale from its renewal on, fresh before."""
    judged = freshness(token, now=now, renew_on=renew_on)
    if now >= token.expires_on:
        assert judged is Freshness.INVALID
    else:
        assert judged is (Freshness.STALE if now >= renew_on else Freshness.FRESH)


def test_no_token_is_invalid() -> None:
    """Nothing cached is like nothing living."""
    assert freshness(None, now=NOW, renew_on=0) is Freshness.INVALID


@pytest.mark.parametrize(
    ("scopes", "resource"),
    [
        (("https://graph.microsoft.com/.default",), "https://graph.microsoft.com"),
        (("https://vault.azure.net/.default",), "https://vault.azure.net"),
        (("https://management.azure.com//.default",), "https://management.azure.com"),
        (("https://contoso.example/api/v1/Read.All",), "https://contoso.example/api/v1"),
        (
            ("api://8a4c0000-0000-4000-8000-000000000000/access",),
            "api://8a4c0000-0000-4000-8000-000000000000",
        ),
        (("8a4c0000-0000-4000-8000-000000000000/.default",), "8a4c0000-0000-4000-8000-000000000000"),
        (("User.Read", "Mail.Read"), "https://graph.microsoft.com"),
        (("openid", "profile", "email", "https://vault.azure.net/.default"), "https://vault.azure.net"),
        (("offline_access", "openid"), "https://graph.microsoft.com"),
        ((), None),
    ],
)
def test_resource_is_read_from_the_scopes(scopes: tuple[str, ...], resource: str | None) -> None:
    """As Entra reads it: a scope without a resource is Graph's, those of the sign-in count for nothing."""
    assert resource_of(scopes, entra=True) == resource


@given(scopes=st.lists(st.text(), max_size=3).map(tuple))
def test_resource_of_another_provider_is_unknown(scopes: tuple[str, ...]) -> None:
    """Elsewhere a scope says nothing about a resource."""
    assert resource_of(scopes, entra=False) is None


@given(token=tokens, account=accounts)
def test_document_has_every_key_whatever_is_known(token: AccessToken, account: Account) -> None:
    """Readers never have to ask whether a key is there; instants are integers."""
    document = token_document(token, account=account, client_id="client", resource=None)
    assert list(document) == [
        "access_token",
        "token_type",
        "expires_on",
        "refresh_on",
        "scope",
        "resource",
        "tenant_id",
        "client_id",
        "username",
        "object_id",
    ]
    assert type(document["expires_on"]) is int


def test_document_says_what_the_token_and_its_account_are() -> None:
    """Each value under the name that the contract gives it."""
    token = AccessToken("secret", NOW, NOW + 3600, NOW + 1800, "granted", ("requested",))
    assert token_document(token, account=ALICE, client_id="client", resource="https://r") == {
        "access_token": "secret",
        "token_type": "Bearer",
        "expires_on": NOW + 3600,
        "refresh_on": NOW + 1800,
        "scope": "granted",
        "resource": "https://r",
        "tenant_id": "tid",
        "client_id": "client",
        "username": "alice",
        "object_id": "oid",
    }


def test_token_is_not_in_its_representation() -> None:
    """A token in a traceback or a log field shows everything but itself."""
    assert "opaque" not in repr(token_of())

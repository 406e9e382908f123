"""Reading the access token from a successful answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.grant import access_token_from, session_ends_on
from sidecar.core.token import AccessToken
from sidecar.errors import TokenUnusable
from tests.core.strategies import NOW, json_values

ANSWER = {"access_token": "header.payload.signature", "expires_in": 3599, "scope": "a b"}
KEYS = ["access_token", "expires_in", "refresh_on", "scope", "token_type"]


def test_life_counts_from_when_the_request_was_sent() -> None:
    """The way there and back is taken from the life, not added to it."""
    token = access_token_from({**ANSWER, "refresh_on": NOW + 1800}, ("a",), issued_on=NOW, entra=True)
    assert token == AccessToken("header.payload.signature", NOW, NOW + 3599, NOW + 1800, "a b", ("a",))


def test_scope_that_is_not_told_is_the_requested_one() -> None:
    """RFC 6749 section 5.1: the scope may be left out where it is the same."""
    token = access_token_from({**ANSWER, "scope": ""}, ("x", "y"), issued_on=NOW, entra=True)
    assert token.scope == "x y"


@pytest.mark.parametrize("expires_in", [0, -1, None, "soon", [], float("nan"), True, 1e300])
def test_token_without_life_is_refused(expires_in: object) -> None:
    """A fresh token that is already expired is never published; the clock is what to look at."""
    with pytest.raises(TokenUnusable, match="already expired") as refused:
        access_token_from({**ANSWER, "expires_in": expires_in}, ("a",), issued_on=NOW, entra=True)
    assert "clocks" in refused.value.advice
    assert refused.value.retryable


def test_token_of_one_second_is_taken() -> None:
    """However short, it lives; what comes of it is for the schedule to decide."""
    token = access_token_from({**ANSWER, "expires_in": 1}, ("a",), issued_on=NOW, entra=True)
    assert token.life_seconds == 1


@pytest.mark.parametrize("secret", [None, "", 5, "two words", "line\nbreak", "naïve", "bell\x07", ["x"]])
def test_token_that_fits_no_header_is_refused_without_showing_it(secret: object) -> None:
    """RFC 6750 section 2.1; what came is not in the message, since it may be somebody's secret."""
    with pytest.raises(TokenUnusable) as refused:
        access_token_from({**ANSWER, "access_token": secret}, ("a",), issued_on=NOW, entra=True)
    assert refused.value.message == "the authority granted something that is no bearer token"
    assert refused.value.fields == {}


@pytest.mark.parametrize("refresh_on", [float("nan"), float("inf"), True, "soon", [], {}, 0, None])
def test_advice_that_is_no_instant_is_none(refresh_on: object) -> None:
    """The token is as good without it."""
    token = access_token_from({**ANSWER, "refresh_on": refresh_on}, ("a",), issued_on=NOW, entra=True)
    assert token.refresh_on is None


@given(
    answer=st.dictionaries(st.sampled_from(KEYS), json_values, max_size=5),
    good=st.dictionaries(st.sampled_from(KEYS[:2]), st.none(), max_size=2),
)
def test_any_answer_is_a_living_token_or_refused(answer: dict[str, object], good: dict[str, None]) -> None:
    """No type in the answer makes any other error."""
    mixed = {**answer, **{name: ANSWER[name] for name in good}}
    try:
        token = access_token_from(mixed, ("a",), issued_on=NOW, entra=True)
    except TokenUnusable:
        return
    assert token.lives(NOW)
    assert isinstance(token.scope, str)
    assert token.refresh_on is None or type(token.refresh_on) is int


@pytest.mark.parametrize(
    ("requested", "granted"),
    [
        ("https://graph.microsoft.com/.default", "https://vault.azure.net/user_impersonation"),
        ("https://graph.microsoft.com/.default", "openid https://VAULT.azure.net/.default"),
        ("https://management.core.windows.net//.default", "https://vault.azure.net/.default"),
    ],
)
def test_token_for_another_resource_is_refused(requested: str, granted: str) -> None:
    """An app would send it to the wrong API; the message says which."""
    with pytest.raises(TokenUnusable, match=r"for vault\.azure\.net instead of https://"):
        access_token_from({**ANSWER, "scope": granted}, (requested,), issued_on=NOW, entra=True)


@pytest.mark.parametrize(
    ("requested", "granted"),
    [
        ("https://graph.microsoft.com/.default", "User.Read openid profile"),
        ("https://graph.microsoft.com/.default", "https://Graph.microsoft.com/User.Read openid"),
        ("User.Read", "https://graph.microsoft.com/User.Read"),
        ("https://management.core.windows.net//.default", "https://management.azure.com/user_impersonation"),
        ("https://contoso.example/api/.default", "api://3d8f9c1e/access"),
        ("api://3d8f9c1e/.default", "https://contoso.example/api/access"),
        ("https://graph.microsoft.com/Mail.Read", "https://graph.microsoft.com/User.Read"),
    ],
)
def test_scopes_that_may_be_of_the_same_resource_are_taken(requested: str, granted: str) -> None:
    """Entra may spell, or narrow, what it grants; what was granted is what readers are told."""
    answer = {**ANSWER, "scope": granted}
    assert access_token_from(answer, (requested,), issued_on=NOW, entra=True).scope == granted


def test_scopes_of_another_provider_name_no_resource() -> None:
    """Elsewhere a URL is a scope like any other."""
    answer = {**ANSWER, "scope": "https://b.example/x"}
    token = access_token_from(answer, ("https://a.example/x",), issued_on=NOW, entra=False)
    assert token.scope == "https://b.example/x"


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ({}, None),
        ({"refresh_token_expires_in": 86399}, 86399),
        ({"refresh_token_expires_in": "86399"}, 86399),
        ({"refresh_expires_in": 1800}, 1800),
        ({"refresh_expires_in": 0}, None),  # Keycloak's offline tokens
        ({"refresh_token_expires_in": -5, "refresh_expires_in": 60}, 60),
        ({"refresh_token_expires_in": 9_999_999_999}, None),
    ],
)
def test_end_of_the_sign_in_is_what_an_answer_tells(answer: dict[str, object], seconds: int | None) -> None:
    """As Entra or as Keycloak calls it; no end and an end in centuries are the same."""
    assert session_ends_on(answer, issued_on=NOW) == (None if seconds is None else NOW + seconds)


@given(value=json_values)
def test_odd_end_of_the_sign_in_is_none(value: object) -> None:
    """Whatever stands there, it is an instant of some calendar or nothing."""
    found = session_ends_on({"refresh_token_expires_in": value}, issued_on=NOW)
    assert found is None or NOW < found < 10**10

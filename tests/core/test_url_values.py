"""What becomes part of a URL: tenants, login hosts and issuers."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar import setting_values as values


@pytest.mark.parametrize(
    "value", ["11111111-2222-4333-8444-ABCDEFabcdef", "contoso.onmicrosoft.com", "organizations", "a"]
)
def test_tenant_is_an_id_a_domain_or_a_word(value: str) -> None:
    """All that Entra takes in its place."""
    assert values.tenant(value) == value


@pytest.mark.parametrize("value", ["a/b", "../x", "a b", ".a", "a-", "a?b", "a#b", "a@b", "a\n"])
def test_tenant_cannot_change_the_url_it_goes_into(value: str) -> None:
    """No slash, question mark or space gets into the authority's address."""
    with pytest.raises(ValueError, match="GUID"):
        values.tenant(value)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://login.microsoftonline.com", "https://login.microsoftonline.com"),
        ("https://login.microsoftonline.com/", "https://login.microsoftonline.com"),
        ("https://127.0.0.1:8443", "https://127.0.0.1:8443"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
        ("https://id.example/realms/main/", "https://id.example/realms/main"),
    ],
)
def test_https_urls_lose_the_slash_at_their_end(value: str, url: str) -> None:
    """So that a path can be put behind them."""
    assert values.https_url(value) == url


@pytest.mark.parametrize(
    "value",
    [
        "http://login.example",
        "login.example",
        "https://",
        "https:///path",
        "https://user@login.example",
        "https://:password@login.example",
        "https://login.example?",
        "https://login.example?a=b",
        "https://login.example#",
        "https://login.example:port",
        "https://login.example:0",
        "https://login.example:65536",
        "https://log in.example",
        "https://login.example\n",
        "https://login\t.example",
        "https://login.example\\evil",
        "https://[",
        "ftp://login.example",
    ],
)
def test_url_that_is_not_plain_https_is_refused(value: str) -> None:
    """Tokens never travel in clear, and nothing but a host, port and path is in the address."""
    with pytest.raises(ValueError, match="give an https URL, such as"):
        values.https_url(value)


@given(value=st.text(max_size=30) | st.text(max_size=30).map(lambda text: f"https://{text}"))
def test_any_url_taken_is_one_that_requests_can_be_sent_to(value: str) -> None:
    """Whatever the text: refused, or https with a host and a port that is a number."""
    try:
        url = values.https_url(value)
    except ValueError:
        return
    parts = urlsplit(url)
    assert (parts.scheme, bool(parts.hostname)) == ("https", True)
    assert parts.port != 0
    assert url.isprintable()
    assert not set(url) & set(" ?#")
    assert not url.endswith("/")


@pytest.mark.parametrize("value", ["https://id.example", "https://id.example/", "https://id.example//"])
def test_issuer_without_a_path_is_refused(value: str) -> None:
    """MSAL would refuse it later and say less."""
    with pytest.raises(ValueError, match="needs a path"):
        values.issuer(value)


def test_issuer_with_a_path_is_taken() -> None:
    """As the provider's discovery document spells it, without the slash at its end."""
    assert values.issuer("https://id.example/realms/main/") == "https://id.example/realms/main"

"""Which resources may be asked for, and what their tokens are called."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.audience import meant, normal
from sidecar.core.demand import (
    DEMANDED_MAX,
    KEPT_SECONDS,
    allowed,
    demanded,
    name_for,
    name_of,
    normalised,
    scopes_of,
    still_wanted,
)
from sidecar.core.token import resource_of
from sidecar.errors import ConfigurationError
from sidecar.setting_values import named_scopes

VAULT = "https://vault.azure.net"
ARM = "https://management.azure.com"
APP = "3d8f9c1e-2b47-4e6a-b0c5-91f2a7d4c103"
RESOURCES = [
    VAULT,
    "https://ossrdbms-aad.database.windows.net",
    "https://vault.azure.net:8443",
    "https://contoso.example/api/v1",
    "https://contoso.example/api-v1",
    "https://token.json",
    "https://token",
    "https://vault.azure.net-0123456789",
    f"https://{'a' * 60}.example",
    f"api://{APP}",
    "api://my-api/x",
    "api://My-api/x",
    APP,
]


@pytest.mark.parametrize("resource", RESOURCES)
def test_each_resource_has_a_token_of_its_own(resource: str) -> None:
    """A name that SIDECAR_TOKENS would take too, one scope, and the resource that token.json will say."""
    assert normalised(resource) == resource
    assert named_scopes(f"{name_of(resource)}={resource}/.default") == {
        name_of(resource): scopes_of(resource)
    }
    assert resource_of(scopes_of(resource), entra=True) == resource


def test_no_two_resources_share_a_name() -> None:
    """Where a host alone does not tell them apart, a digest does."""
    assert len({name_of(resource) for resource in RESOURCES}) == len(RESOURCES)
    assert name_of(VAULT) == "vault.azure.net"


@pytest.mark.parametrize(
    ("written", "resource"),
    [
        ("https://vault.azure.net/", VAULT),
        ("HTTPS://Vault.Azure.Net", VAULT),
        ("https://vault.azure.net/.default", VAULT),
        ("https://vault.azure.net/.default/", VAULT),
        ("https://management.core.windows.net//.default", ARM),
        ("00000003-0000-0000-C000-000000000000", "https://graph.microsoft.com"),
        (APP.upper(), APP),
    ],
)
def test_one_resource_is_written_in_many_ways(written: str, resource: str) -> None:
    """All lead to the same token, are allowed by each other, and find what was fetched for the other."""
    assert normalised(written) == resource == normal(written)
    assert name_of(written) == name_of(resource)
    assert allowed(written, (resource,))
    assert allowed(resource, (written,))
    document = {"access_token": "a", "expires_on": 1, "resource": resource_of(scopes_of(written), entra=True)}
    assert meant({"": document}, written)
    assert meant({"": document}, resource)


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "vault.azure.net",
        "http://vault.azure.net",
        "https://",
        "https://user@vault.azure.net",
        "https://vault.azure.net?x=1",
        "https://vault.azure.net#x",
        "https://vault.azure.net/a b",
        "https://vault.azure.net/../x",
        "https://vault.azure.net/.",
        "https://vault.azure.net\n",
        "https://vault..azure.net",
        "https://vault_x.azure.net",
        "https://välut.azure.net",
        "https://[::1]",
        "api://",
        "file:///etc/passwd",
        "../../token",
        "any",
        "https://a.example/" + "x" * 200,
    ],
)
def test_what_is_no_resource_is_never_allowed(odd: str) -> None:
    """Whatever the setting says; nothing of it reaches Entra or a path."""
    assert not allowed(odd, ("any",))
    with pytest.raises(ValueError, match=r"give an https|longer"):
        name_of(odd)


tails = st.builds(
    "".join, st.lists(st.sampled_from(["https://a.example", "api://a", "/.default", "/", "x"]), max_size=6)
)


@given(st.text(max_size=80) | st.from_regex(r"(https|api)://[ -~]{1,60}", fullmatch=True) | tails)
def test_a_name_is_always_one_plain_directory(text: str) -> None:
    """For any text at all: no slash, no leading dot, 63 characters at most, and stable."""
    if allowed(text, ("any",)):
        assert re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,62}", name_of(text))
        assert name_of(normalised(text)) == name_of(text)
        assert resource_of(scopes_of(text), entra=True) == normalised(text)


def test_only_what_the_setting_names_is_allowed() -> None:
    """However it is written there; `any` allows all that is a resource, and unset nothing."""
    assert allowed(VAULT, ("https://VAULT.azure.net/",))
    assert not allowed("https://vault.azure.net.evil.example", (VAULT,))
    assert not allowed("https://storage.azure.com", (VAULT,))
    assert allowed("https://storage.azure.com", (VAULT, "any"))
    assert not allowed(VAULT, ())


def test_what_nobody_asked_for_in_a_day_is_not_wanted_any_more() -> None:
    """Nor what is not allowed any more, nor more than fifty: those asked for last stay."""
    asked = {VAULT: 1000.0, "https://storage.azure.com": 2000.0}
    assert still_wanted(asked, on_demand=("any",), now=1000.0 + KEPT_SECONDS) == ["https://storage.azure.com"]
    assert still_wanted(asked, on_demand=(VAULT,), now=2000.0) == [VAULT]
    many = {f"https://r{number:02}.example": float(number) for number in range(DEMANDED_MAX + 7)}
    kept = still_wanted(many, on_demand=("any",), now=100.0)
    assert kept == sorted(many)[7:]


def test_configured_tokens_come_first() -> None:
    """By name, whatever it is for, and by scopes, whatever it is called."""
    configured = {"vault.azure.net": ("User.Read",), "files": ("https://storage.azure.com/.default",)}
    assert demanded([VAULT, "https://storage.azure.com", APP], configured) == {
        name_of(APP): (f"{APP}/.default",)
    }
    assert name_for("https://storage.azure.com", configured) == "files"
    assert name_for(APP, configured) == name_of(APP)
    by_another_name = {"arm": ("https://management.core.windows.net//.default",), "": ("User.Read",)}
    assert name_for(ARM, by_another_name) == "arm"
    assert demanded([ARM, "https://graph.microsoft.com"], by_another_name).keys() == {"graph.microsoft.com"}
    with pytest.raises(ConfigurationError, match="is a token of User"):
        name_for(VAULT, configured)

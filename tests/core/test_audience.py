"""Which token is meant by a resource's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.audience import meant, normal, resources_of
from sidecar.core.token import resource_of
from tests.core.strategies import json_values

ARM, GRAPH, VAULT = (
    "https://management.azure.com",
    "https://graph.microsoft.com",
    "https://vault.azure.net",
)


def token(resource: str | None, *, expires_on: object = 1000, **more: object) -> dict[str, object]:
    """What is published."""
    return {"access_token": "a-token", "expires_on": expires_on, "resource": resource, "scope": "", **more}


@pytest.mark.parametrize(
    ("asked", "resource"),
    [
        ("https://vault.azure.net/", VAULT),
        ("https://Vault.Azure.NET/.default", VAULT),
        ("HTTPS://vault.azure.net", VAULT),
        ("https://management.core.windows.net//.default", ARM),
        ("https://management.core.windows.net/", ARM),
        ("00000003-0000-0000-C000-000000000000", GRAPH),
        ("api://Orders/v2/.default", "api://Orders/v2"),
        ("https://vault.azure.net/.default//.default/", VAULT),
        ("4F0E9D4E-0000-4000-8000-0123456789AB", "4f0e9d4e-0000-4000-8000-0123456789ab"),
    ],
)
def test_names_of_the_same_resource_are_one(asked: str, resource: str) -> None:
    """As clients write them, and as tokens are configured."""
    assert normal(asked) == normal(resource) == resource
    found = meant({"other": token("https://other.test"), "": token(resource)}, asked)
    assert found == ("", token(resource))


@pytest.mark.parametrize("asked", ["https://vault.azure.net/other", "https://vault.azure.net.evil.test", ""])
def test_another_resource_is_another(asked: str) -> None:
    """A path belongs to the name; a longer host is somebody else's."""
    assert meant({"vault": token(VAULT)}, asked) is None


def test_token_that_lives_longest_is_chosen() -> None:
    """Two tokens for one resource are both good; damaged ones are none."""
    published = {
        "short": token(GRAPH, expires_on=1000),
        "long": token(GRAPH, expires_on=2000),
        "damaged": token(GRAPH, expires_on="3000"),
        "empty": token(GRAPH, expires_on=4000, access_token=""),
    }
    assert (meant(published, GRAPH) or ("none",))[0] == "long"


def test_other_providers_have_scopes_in_the_place_of_resources() -> None:
    """Nobody knows the resource there, so a token is found by a scope."""
    published = {"": token(None, scope="openid https://api.example.test/read")}
    assert meant(published, "https://api.example.test/read") is not None
    assert meant(published, "https://api.example.test/write") is None


@given(st.dictionaries(st.sampled_from(["resource", "scope", "access_token", "expires_on"]), json_values))
def test_any_damaged_document_is_survived(document: dict[str, object]) -> None:
    """Whatever lies in the token directory, asking is answered."""
    resources_of(document)
    meant({"": document}, VAULT)


@given(
    st.sampled_from([ARM, GRAPH, VAULT, "api://orders"]),
    st.sampled_from(["", "/", "/.default", "//.default"]),
)
def test_configured_scope_is_found_by_its_resource(resource: str, end: str) -> None:
    """What `SIDECAR_TOKENS` names is what an app asks for."""
    published = {"": token(resource_of((f"{resource}/.default",), entra=True))}
    assert meant(published, resource + end) is not None

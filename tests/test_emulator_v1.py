"""The stand-in for Entra: its v1.0 endpoints, and clients that name themselves by HTTP Basic."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.emulator import Emulator
from tests.emulator.client import TIMEOUT_SECONDS, Client

GRAPH = "https://graph.microsoft.com"


@pytest.fixture
def client(entra: Emulator) -> Iterator[Client]:
    """Plain requests in front of it."""
    with Client(entra) as made:
        yield made


def post(entra: Emulator, client: Client, endpoint: str, **form: str) -> requests.Response:
    """A form to an endpoint of v1.0."""
    url = f"{entra.authority}/oauth2/{endpoint}?api-version=1.0"
    return client.session.post(url, data={"client_id": entra.client_id, **form}, timeout=TIMEOUT_SECONDS)


def test_v1_signs_in_and_renews_for_a_resource(entra: Emulator, client: Client) -> None:
    """Numbers are strings, the resource is named in the answer, and the token is good at the resource."""
    prompt = post(entra, client, "devicecode", resource=GRAPH).json()
    assert prompt["verification_url"] == f"{entra.authority_host}/devicelogin"
    assert (prompt["expires_in"], prompt["interval"]) == ("900", "1")
    poll = {"grant_type": "device_code", "code": prompt["device_code"], "resource": GRAPH}
    assert post(entra, client, "token", **poll).json()["error"] == "authorization_pending"
    entra.approve(prompt["user_code"])
    first = post(entra, client, "token", **poll).json()
    assert int(first["expires_on"]) == pytest.approx(time.time() + 3600, abs=60)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "resource": GRAPH}
    second = post(entra, client, "token", **form).json()
    assert (second["resource"], second["expires_in"]) == (GRAPH, "3600")
    assert second["access_token"] != first["access_token"]
    assert (
        client.get("/v1.0/me", second["access_token"]).json()["userPrincipalName"] == "alice@contoso.example"
    )
    assert [request.kind for request in entra.requests] == [
        "devicecode",
        "token:device_code",
        "token:device_code",
        "token:refresh_token",
        "me",
    ]


def test_v1_wants_a_resource(entra: Emulator, client: Client) -> None:
    """Without one Entra names what is missing, whatever the endpoint."""
    for endpoint in ("devicecode", "token"):
        answer: dict[str, Any] = post(entra, client, endpoint, grant_type="refresh_token").json()
        assert answer["error_codes"] == [900144]
        assert "'resource'" in answer["error_description"]


def test_a_client_may_name_itself_by_http_basic(entra: Emulator, client: Client) -> None:
    """The id of the header counts where the form has none; what is no Basic header names nobody."""
    refresh_token = client.sign_in()["refresh_token"]
    url = f"{entra.authority}/oauth2/v2.0/token"
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}

    def answer(header: str) -> dict[str, Any]:
        headers = {"Authorization": header}
        made = client.session.post(url, data=form, headers=headers, timeout=TIMEOUT_SECONDS)
        return dict(made.json())

    named = base64.b64encode(f"{entra.client_id}:secret".encode()).decode()
    assert "access_token" in answer(f"Basic {named}")
    assert answer(f"Bearer {named}")["error_codes"] == [900144]
    assert answer("Basic %%%")["error_codes"] == [900144]
    other = base64.b64encode(b"somebody:secret").decode()
    assert answer(f"Basic {other}")["error_codes"] == [700016]

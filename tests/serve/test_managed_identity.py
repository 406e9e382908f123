"""The endpoints of managed identity: what is answered to whom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.core.journal import Journal
from sidecar.core.schedule import Attempts
from sidecar.core.web import Reply, Request, text
from sidecar.serve.desk import Desk
from sidecar.serve.fetching import Fetcher
from sidecar.serve.gate import Entrance
from sidecar.serve.identity_routes import identity_routes
from sidecar.serve.managed_identity import Shape, as_refusal, door
from sidecar.serve.routes import Route, router
from sidecar.settings import read_settings
from sidecar.status import Found

NOW, VAULT = 1_800_000_000.0, "https://vault.azure.net"
CLIENT, PERSON = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
WANTED = {"": ("https://graph.microsoft.com/.default",), "vault": (f"{VAULT}/.default",)}
APP_SERVICE = {"api-version": "2019-08-01", "resource": VAULT}


def published(resource: str = VAULT, *, expires_on: float = NOW + 3600) -> dict[str, str | int | None]:
    """A token as apps read it."""
    return {
        "access_token": "the-token",
        "expires_on": int(expires_on),
        "resource": resource,
        "client_id": CLIENT,
        "object_id": PERSON,
    }


def ask(found: Found, query: dict[str, str], shape: Shape = Shape.APP_SERVICE, **desk: Any) -> Reply:
    """One request at the door."""
    asked = Desk(look=lambda: found, **{"wanted": WANTED, **desk})
    return door(asked, shape)(Request("GET", "/", query=query))


def found_with(**tokens: dict[str, str | int | None]) -> Found:
    """What the directories say."""
    return Found(published=tokens, journal=Journal(), prompt=None, now=NOW)


def content(reply: Reply) -> dict[str, Any]:
    """The JSON of a reply."""
    read = json.loads(reply.body)
    assert isinstance(read, dict)
    return read


def test_app_service_gets_the_true_expiry_as_text() -> None:
    """Every key of App Service's answer, the resource as it was asked for."""
    reply = ask(found_with(vault=published()), APP_SERVICE | {"resource": f"{VAULT}/"})
    assert reply.status == 200
    assert content(reply) == {
        "access_token": "the-token",
        "expires_on": str(int(NOW) + 3600),
        "resource": f"{VAULT}/",
        "token_type": "Bearer",
        "client_id": CLIENT,
    }


def test_metadata_service_counts_seconds_too() -> None:
    """All numbers are text; not_before is when the token was obtained."""
    found = Found(
        published={"vault": published()},
        journal=Journal(tokens={"vault": Attempts(succeeded_on=int(NOW) - 60)}),
        prompt=None,
        now=NOW,
    )
    told = content(ask(found, {"api-version": "2018-02-01", "resource": VAULT}, Shape.METADATA))
    assert {name: told[name] for name in ("expires_in", "ext_expires_in", "not_before", "expires_on")} == {
        "expires_in": "3600",
        "ext_expires_in": "3600",
        "not_before": str(int(NOW) - 60),
        "expires_on": str(int(NOW) + 3600),
    }


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"api-version": "2019-08-01"}, "resource is missing"),
        ({"resource": VAULT}, "api-version=2019-08-01"),
        ({"api-version": "2017-09-01", "resource": VAULT}, "api-version=2019-08-01"),
        ({"api-version": "2019-08-01", "resource": "https://a.test/" + "x" * 200}, "200 characters"),
        ({"api-version": "2019-08-01", "resource": "https://a.test/\r\nX: y"}, "no resource"),
        (APP_SERVICE | {"resource": "https://other.test"}, "SIDECAR_TOKENS"),
        (APP_SERVICE | {"client_id": PERSON}, "AZURE_CLIENT_ID"),
        (APP_SERVICE | {"object_id": CLIENT}, "no other"),
        (APP_SERVICE | {"mi_res_id": "/subscriptions/x"}, "no mi_res_id"),
        (APP_SERVICE | {"msi_res_id": "/subscriptions/x"}, "no msi_res_id"),
    ],
)
def test_wrong_question_is_refused_with_the_fix(query: dict[str, str], says: str) -> None:
    """400, in the words of each client, and without a token."""
    reply = ask(found_with(vault=published()), query)
    assert reply.status == 400
    told = content(reply)
    assert says in told["message"]
    assert told["message"] == told["error_description"]
    assert told["statusCode"] == 400
    assert "the-token" not in reply.body.decode()


@pytest.mark.parametrize("named", [{"client_id": CLIENT.upper()}, {"object_id": PERSON}, {"client_id": ""}])
def test_identity_that_is_ours_may_be_named(named: dict[str, str]) -> None:
    """An app whose AZURE_CLIENT_ID is the sidecar's asks by it."""
    assert ask(found_with(vault=published()), APP_SERVICE | named).status == 200


def test_expired_token_is_never_handed_out() -> None:
    """503 and when to ask again; clients do so by themselves."""
    reply = ask(found_with(vault=published(expires_on=NOW)), APP_SERVICE)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
    assert "has expired" in content(reply)["message"]


def test_token_that_is_configured_is_waited_for() -> None:
    """The answer says what stands in the way."""
    found = Found(
        published={"": published("https://graph.microsoft.com")},
        journal=Journal(tokens={"vault": Attempts(failures=1, error="AADSTS65001: consent")}),
        prompt=None,
        now=NOW,
    )
    reply = ask(found, APP_SERVICE)
    assert reply.status == 503
    assert "not published yet: AADSTS65001: consent" in content(reply)["message"]


def test_before_any_sign_in_everything_is_waited_for() -> None:
    """Also what nobody configured: it may be another container that did."""
    found = Found(published={}, journal=Journal(), prompt={"user_code": "ABCD1234"}, now=NOW)
    reply = ask(found, APP_SERVICE | {"resource": "https://other.test"})
    assert reply.status == 503
    assert "has to sign in" in content(reply)["message"]
    assert "ABCD1234" not in reply.body.decode()


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize(
    "expires_on", [pytest.param(10**400, id="400 digits"), 10**12, True, 1.5e300, "3000"]
)
def test_token_that_does_not_say_its_end_is_none(shape: Shape, expires_on: Any) -> None:
    """A damaged file is 503 while its token is renewed, never a fault of ours."""
    damaged = {**published(), "expires_on": expires_on}
    reply = ask(found_with(vault=damaged), {"api-version": shape.value, "resource": VAULT}, shape)
    assert reply.status == 503


@pytest.mark.parametrize("path", ["/msi/token", "/metadata/identity/oauth2/token"])
def test_nothing_is_fetched_for_who_does_not_want_the_answer(path: str) -> None:
    """HEAD is refused where a GET may start a turn, in JSON as all of it; the page knows both."""
    settings = read_settings({"SIDECAR_SERVE_IMDS": "on"}, {}, serves=True)
    routes = identity_routes(
        settings, lambda: found_with(vault=published()), Fetcher(lambda _resource: ["false"])
    )
    door = router(routes, Welcome())
    query = {"api-version": "2019-08-01" if path == "/msi/token" else "2018-02-01", "resource": VAULT}
    assert door(Request("GET", path, query=query)).status == 200
    reply = door(Request("HEAD", path, query=query))
    assert (reply.status, reply.headers["Allow"]) == (405, "GET")
    assert content(reply)["message"] == "not with this method"
    assert (
        router({"/": Route(lambda _request: text(200, "page"))}, Welcome())(Request("HEAD", "/")).status
        == 200
    )


class Welcome:
    """A gate that lets everybody in."""

    def objection(self, request: Request, entrance: Entrance) -> None:
        """None."""


def test_what_the_gate_says_is_worded_for_clients() -> None:
    """They read JSON alone."""
    refused = as_refusal(text(401, "the secret is missing or wrong"))
    assert (refused.status, content(refused)["message"]) == (401, "the secret is missing or wrong")
    assert as_refusal(refused) == refused

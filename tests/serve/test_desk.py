"""What is told to an app whose token has to be fetched."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.core.journal import Journal
from sidecar.core.schedule import Attempts
from sidecar.core.web import Reply, Request
from sidecar.serve.desk import Desk, reason
from sidecar.serve.managed_identity import Shape, door
from sidecar.status import Found
from tests.serve.shop import OTHER, VAULT, Shop


@pytest.fixture
def ask(shop: Shop) -> Callable[..., Reply]:
    """The door of a desk that may fetch the vault's tokens; a child that succeeds publishes."""
    journal = Journal(tokens={"vault.azure.net": Attempts(failures=1, error="AADSTS65001: no consent")})

    def look() -> Found:
        def token(resource: str) -> dict[str, str | int | None]:
            return {"access_token": "a", "expires_on": 9_000, "resource": resource}

        there = {"": token("https://graph.microsoft.com")}
        if shop.ran and shop.script == "exit 0":
            there["vault.azure.net"] = token(VAULT)
        return Found(published=there, journal=journal, prompt=None, now=1_000)

    wanted = {"": ("https://graph.microsoft.com/.default",)}
    shop.fetcher = shop.opened(reason=lambda resource, code: reason(look(), resource, code))
    desk = Desk(look=look, wanted=wanted, on_demand=(VAULT,), fetcher=shop.fetcher)

    def asked(resource: str) -> Reply:
        query = {"api-version": "2019-08-01", "resource": resource}
        return door(desk, Shape.APP_SERVICE)(Request("GET", "/", query=query))

    return asked


def test_tokens_that_serve_cannot_explain_stand_in_nobodys_way(shop: Shop) -> None:
    """Fewer settings than those of `refresh`: a turn on demand only adds, so it may be started."""
    token: dict[str, str | int | None] = {"access_token": "a", "expires_on": 9_000, "resource": OTHER}
    found = Found(published={"other": token}, journal=Journal(), prompt=None, now=1_000)
    desk = Desk(look=lambda: found, on_demand=("any",), fetcher=shop.fetcher)
    query = {"api-version": "2019-08-01", "resource": VAULT}
    assert door(desk, Shape.APP_SERVICE)(Request("GET", "/", query=query)).status == 503
    assert shop.ran == [VAULT]


@pytest.mark.parametrize(
    ("code", "says"), [(78, "not the one that refresh has"), (77, "sign in or to consent"), (1, "it failed")]
)
def test_exit_code_is_put_into_words_where_the_journal_is_silent(code: int, says: str) -> None:
    """Such as a turn that would not touch the sign-in of another app: it writes nothing."""
    journal = Journal(tokens={"vault.azure.net": Attempts(succeeded_on=900, error="long over")})
    words = reason(Found(published={}, journal=journal, prompt=None, now=1_000), VAULT, code)
    assert says in words
    assert f"exit code {code}" in words


def test_demanded_token_is_kept_under_its_own_name(shop: Shop) -> None:
    """Asked for by the other name of Azure Resource Manager, it is not fetched a second time by that."""
    arm = "https://management.azure.com"
    token: dict[str, str | int | None] = {"access_token": "a", "expires_on": 9_000, "resource": arm}
    found = Found(published={"management.azure.com": token}, journal=Journal(), prompt=None, now=1_000)
    desk = Desk(look=lambda: found, on_demand=("any",), fetcher=shop.fetcher)
    query = {"api-version": "2019-08-01", "resource": "https://management.core.windows.net/"}
    assert door(desk, Shape.APP_SERVICE)(Request("GET", "/", query=query)).status == 200
    shop.rest()
    assert shop.ran == [arm]


def message(reply: Reply) -> Any:
    """What an error says."""
    return json.loads(reply.body)["message"]


def test_allowed_resource_is_fetched_when_asked_for(shop: Shop, ask: Callable[..., Reply]) -> None:
    """The first request waits for it, and the child gets the one way to write it."""
    assert ask("https://VAULT.azure.net/").status == 200
    assert shop.ran == [VAULT]
    assert ask(OTHER).status == 400
    assert shop.ran == [VAULT]


def test_resource_of_the_loop_is_not_fetched(shop: Shop, ask: Callable[..., Reply]) -> None:
    """What is published and lives costs no child."""
    assert ask("https://graph.microsoft.com").status == 200
    assert shop.ran == []


@pytest.mark.parametrize(("code", "status"), [(77, 400), (78, 400), (75, 503), (69, 503), (73, 503)])
def test_failed_fetch_says_why(shop: Shop, ask: Callable[..., Reply], code: int, status: int) -> None:
    """What waiting cures is asked again after a while, by clients themselves; the rest is not."""
    shop.script = f"exit {code}"
    reply = ask(VAULT)
    assert (reply.status, "Retry-After" in reply.headers) == (status, status == 503)
    assert "AADSTS65001: no consent" in message(reply)
    again = ask(VAULT)
    assert (again.status, again.body) == (reply.status, reply.body)
    assert shop.ran == [VAULT]

"""Children that fetch a token: few, one for a resource, and never for ever."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.journal import Journal
from sidecar.core.schedule import Attempts
from sidecar.core.web import Reply, Request
from sidecar.serve.desk import Desk
from sidecar.serve.fetching import AT_ONCE, FAILURES_MAX, PAUSE_SECONDS, Fetcher, Outcome
from sidecar.serve.managed_identity import Shape, door
from sidecar.status import Found
from tests.end_to_end.pod import eventually

VAULT, OTHER, THIRD = "https://vault.azure.net", "https://other.test", "https://third.test"


class Shop:
    """Children are shell scripts; each writes down that it ran, and waits for `open_up` if told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 0.0
        self.script = "exit 0"
        self.fetcher = Fetcher(self._command, now=lambda: self.now, wait_seconds=20)

    def _command(self, resource: str) -> list[str]:
        script = f'echo "$1" >>{self.folder}/ran; {self.script}'
        return ["sh", "-c", script, "child", resource]

    @property
    def ran(self) -> list[str]:
        """For which resources, in order."""
        file = self.folder / "ran"
        return file.read_text().split() if file.exists() else []

    def hold(self) -> None:
        """From now on children wait for `open_up`."""
        self.script = f"while [ ! -e {self.folder}/open ]; do sleep 0.05; done"

    def open_up(self) -> None:
        """Let them end."""
        (self.folder / "open").touch()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Closed at the end, so that no child is left."""
    made = Shop(tmp_path)
    yield made
    made.open_up()
    made.fetcher.close()


def test_requests_for_one_resource_share_a_child(shop: Shop) -> None:
    """A burst costs one turn; all who wait get its outcome."""
    shop.hold()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(shop.fetcher.fetch, VAULT) for _ in range(AT_ONCE)]
        eventually(lambda: shop.ran, "a child")
        eventually(lambda: shop.fetcher.fetch(VAULT) == Outcome(None, 1), "two wait, a third is sent away")
        shop.open_up()
        assert [each.result() for each in asked] == [Outcome(0, 1)] * AT_ONCE
    assert shop.ran == [VAULT]


def test_no_more_than_two_children_at_once(shop: Shop) -> None:
    """Whoever comes third is told to come again, at once."""
    shop.hold()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(shop.fetcher.fetch, each) for each in (VAULT, OTHER)]
        eventually(lambda: len(shop.ran) == AT_ONCE, "two children")
        assert shop.fetcher.fetch(THIRD) == Outcome(None, 1)
        shop.open_up()
        assert {each.result().code for each in asked} == {0}
    assert THIRD not in shop.ran


def test_failure_is_not_repeated_for_a_while(shop: Shop) -> None:
    """The same answer meanwhile, and then a new try."""
    shop.script = "exit 77"
    assert shop.fetcher.fetch(VAULT) == Outcome(77, PAUSE_SECONDS)
    shop.now = 4
    assert shop.fetcher.fetch(VAULT) == Outcome(77, PAUSE_SECONDS - 4)
    assert shop.ran == [VAULT]
    shop.now = PAUSE_SECONDS
    shop.script = "exit 0"
    assert shop.fetcher.fetch(VAULT) == Outcome(0, 1)


def test_made_up_resources_are_not_fetched_without_end(shop: Shop) -> None:
    """After eight failures nothing is fetched for a while."""
    shop.script = "exit 78"
    for number in range(FAILURES_MAX + 3):
        shop.fetcher.fetch(f"https://made-up-{number}.test")
    assert len(shop.ran) == FAILURES_MAX
    shop.now = PAUSE_SECONDS
    assert shop.fetcher.fetch(VAULT).code == 78


def test_who_waited_too_long_is_sent_away_while_the_child_goes_on(shop: Shop) -> None:
    """Its token is there when the client asks again."""
    shop.fetcher = Fetcher(shop._command, now=lambda: shop.now, wait_seconds=0.05)
    shop.hold()
    assert shop.fetcher.fetch(VAULT) == Outcome(None, 1)
    assert shop.fetcher.fetch(VAULT) == Outcome(None, 1)
    shop.open_up()
    eventually(lambda: shop.fetcher.fetch(VAULT).code == 0, "the child's end")


def test_loop_is_told_now_and_then_that_a_token_is_asked_for(shop: Shop) -> None:
    """A few times a day; every minute while it ends soon; nobody waits."""
    for now, ends_soon, count in ((0, False, 1), (14399, False, 1), (14400, False, 2), (14459, True, 2)):
        shop.now = now
        shop.fetcher.keep(VAULT, ends_soon=ends_soon)
        assert eventually(lambda: not shop.fetcher.busy, "the end of each")
        assert len(shop.ran) == count
    shop.now = 14460
    shop.fetcher.keep(VAULT, ends_soon=True)
    assert eventually(lambda: not shop.fetcher.busy, "its end")
    assert len(shop.ran) == 3


def test_what_cannot_be_started_is_no_crash() -> None:
    """A machine without memory answers 503, and later again."""
    broken = Fetcher(lambda _resource: ["/nonexistent/python"])
    assert broken.fetch(VAULT) == Outcome(None, 1)


def test_end_lets_a_child_save_what_it_got(shop: Shop) -> None:
    """TERM, which a turn holds back until its cache is durable, and nothing is started any more."""
    saved = shop.folder / "saved"
    on_term = f"sleep 0.3; touch {saved}; exit 0"
    shop.script = f"trap '{on_term}' TERM; touch {shop.folder}/trapped; while :; do sleep 0.05; done"
    waiting = threading.Thread(target=shop.fetcher.fetch, args=(VAULT,))
    waiting.start()
    eventually((shop.folder / "trapped").exists, "the trap")
    shop.fetcher.close()
    assert saved.exists()
    waiting.join(10)
    assert shop.fetcher.fetch(OTHER) == Outcome(None, 1)
    assert shop.ran == [VAULT]


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
    desk = Desk(look=look, wanted=wanted, on_demand=(VAULT,), fetcher=shop.fetcher)

    def asked(resource: str) -> Reply:
        query = {"api-version": "2019-08-01", "resource": resource}
        return door(desk, Shape.APP_SERVICE)(Request("GET", "/", query=query))

    return asked


def test_turn_that_would_take_tokens_away_is_not_started(shop: Shop) -> None:
    """`serve` without the settings of `refresh`: the answer says so, and nothing is touched."""
    token: dict[str, str | int | None] = {"access_token": "a", "expires_on": 9_000, "resource": OTHER}
    found = Found(published={"other": token}, journal=Journal(), prompt=None, now=1_000)
    desk = Desk(look=lambda: found, on_demand=("any",), fetcher=shop.fetcher)
    query = {"api-version": "2019-08-01", "resource": VAULT}
    reply = door(desk, Shape.APP_SERVICE)(Request("GET", "/", query=query))
    assert (reply.status, "SIDECAR_TOKENS" in message(reply)) == (400, True)
    assert shop.ran == []


def test_demanded_token_is_kept_under_its_own_name(shop: Shop) -> None:
    """Asked for by the other name of Azure Resource Manager, it is not fetched a second time by that."""
    arm = "https://management.azure.com"
    token: dict[str, str | int | None] = {"access_token": "a", "expires_on": 9_000, "resource": arm}
    found = Found(published={"management.azure.com": token}, journal=Journal(), prompt=None, now=1_000)
    desk = Desk(look=lambda: found, on_demand=("any",), fetcher=shop.fetcher)
    query = {"api-version": "2019-08-01", "resource": "https://management.core.windows.net/"}
    assert door(desk, Shape.APP_SERVICE)(Request("GET", "/", query=query)).status == 200
    eventually(lambda: not shop.fetcher.busy, "its end")
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

"""Children that fetch a token: few, one for a resource, and never for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sidecar.serve.fetching import AT_ONCE, Fetcher
from sidecar.serve.outcomes import (
    FAILURES_MAX,
    FOR_GOOD_SECONDS,
    KEEP_SECONDS,
    PAUSE_SECONDS,
    PUBLICATIONS_MAX,
    WINDOW_SECONDS,
    Outcome,
    Outcomes,
)
from tests.end_to_end.pod import eventually
from tests.serve.shop import OTHER, THIRD, VAULT, Shop


def test_requests_for_one_resource_share_a_child(shop: Shop) -> None:
    """A burst costs one turn; all who wait get its outcome."""
    shop.hold()
    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        asked = [pool.submit(shop.fetcher.fetch, VAULT) for _ in range(AT_ONCE + 1)]
        eventually(lambda: shop.ran, "a child")
        eventually(lambda: any(each.done() for each in asked), "two wait, a third is sent away")
        sent_away = [each for each in asked if each.done()]
        assert [each.result() for each in sent_away] == [Outcome(None, 1)]
        shop.open_up()
        assert [each.result() for each in asked if each not in sent_away] == [Outcome(0, 1)] * AT_ONCE
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


@pytest.mark.parametrize(("code", "pause"), [(75, PAUSE_SECONDS), (77, FOR_GOOD_SECONDS)])
def test_failure_is_not_repeated_for_a_while(shop: Shop, code: int, pause: int) -> None:
    """The same answer meanwhile, and then a new try; what asking again does not mend is remembered longer."""
    said = iter(["first", "second"])
    shop.fetcher = shop.opened(reason=lambda _resource, _code: next(said))
    shop.script = f"exit {code}"
    assert shop.fetcher.fetch(VAULT) == Outcome(code, pause, "first")
    shop.now = pause - 4
    assert shop.fetcher.fetch(VAULT) == Outcome(code, 4, "first")
    assert shop.ran == [VAULT]
    shop.now = pause
    shop.script = "exit 0"
    assert shop.fetcher.fetch(VAULT) == Outcome(0, 1)


def test_new_sign_in_ends_what_failed_for_good(shop: Shop) -> None:
    """Whoever signed in because of it does not wait for five minutes more."""
    shop.script = "exit 77"
    assert shop.fetcher.fetch(VAULT, signin=1).code == 77
    shop.script = "exit 0"
    assert shop.fetcher.fetch(VAULT, signin=1).code == 77
    assert shop.fetcher.fetch(VAULT, signin=2).code == 0


def test_made_up_resources_are_not_fetched_without_end(shop: Shop) -> None:
    """After eight failures nothing is fetched for a while; then it goes on, though they are remembered."""
    shop.script = "exit 78"
    for number in range(FAILURES_MAX + 3):
        shop.fetcher.fetch(f"https://made-up-{number}.test")
    assert len(shop.ran) == FAILURES_MAX
    assert shop.fetcher.fetch(VAULT) == Outcome(None, PAUSE_SECONDS, "too many fetches have just failed")
    shop.now = PAUSE_SECONDS
    assert shop.fetcher.fetch(VAULT).code == 78
    assert shop.fetcher.fetch("https://made-up-0.test").code == 78
    assert len(shop.ran) == FAILURES_MAX + 1


def test_volume_is_not_filled_by_a_burst(shop: Shop) -> None:
    """Each fetched token is a generation that stays for a minute: six then, and when to come again."""
    enough = "as many as may be were fetched within a minute"
    for number in range(PUBLICATIONS_MAX):
        shop.now = 2.0 * number
        assert shop.fetcher.fetch(f"https://r{number}.test") == Outcome(0, 1)
    assert shop.fetcher.fetch(VAULT) == Outcome(None, WINDOW_SECONDS - 10, enough)
    shop.fetcher.keep(VAULT, ends_soon=True)  # a renewal is a generation too
    shop.rest()
    assert len(shop.ran) == PUBLICATIONS_MAX
    shop.fetcher.keep(VAULT, ends_soon=False)
    shop.rest()
    assert shop.ran[PUBLICATIONS_MAX:] == [VAULT]
    shop.now = WINDOW_SECONDS
    assert shop.fetcher.fetch(OTHER) == Outcome(0, 1)
    assert shop.fetcher.fetch(THIRD) == Outcome(None, 2, enough)


def test_fetches_under_way_count_as_well(shop: Shop) -> None:
    """Two at once never make seven of six; one that fails takes nobody's place."""
    for number in range(PUBLICATIONS_MAX - 1):
        shop.fetcher.fetch(f"https://r{number}.test")
    shop.script = "exit 75"
    shop.fetcher.fetch(THIRD)
    shop.hold()
    with ThreadPoolExecutor(1) as pool:
        last = pool.submit(shop.fetcher.fetch, VAULT)
        eventually(lambda: VAULT in shop.ran, "the sixth")
        assert shop.fetcher.fetch(OTHER).retry_seconds == WINDOW_SECONDS
        shop.open_up()
        assert last.result().code == 0
    assert OTHER not in shop.ran


def test_little_is_remembered_of_much_that_was_asked_for() -> None:
    """Two days of made-up resources, and of new ones that are there: what is over is forgotten."""
    outcomes, most = Outcomes(), 0
    for step in range(20_000):
        now = step * 10.0
        outcomes.failed(f"https://made-up-{step}.test", 78, "", signin=None, now=now)
        if step % 2:
            outcomes.published(f"https://r{step}.test", now=now)
        assert outcomes.objection(VAULT, signin=None, now=now) is None
        most = max(most, len(outcomes.failures) + len(outcomes.publications) + len(outcomes.kept))
    assert most <= FOR_GOOD_SECONDS / 10 + WINDOW_SECONDS / 20 + KEEP_SECONDS / 20


def test_who_waited_too_long_is_sent_away_while_the_child_goes_on(shop: Shop) -> None:
    """Its token is there when the client asks again."""
    shop.fetcher = shop.opened(wait_seconds=0.05)
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
        shop.rest()
        assert len(shop.ran) == count
    shop.now = 14460
    shop.fetcher.keep(VAULT, ends_soon=True)
    shop.rest()
    assert len(shop.ran) == 3


def test_what_cannot_be_started_is_no_crash() -> None:
    """A machine without memory answers 503, and later again."""
    broken = Fetcher(lambda _resource: ["/nonexistent/python"])
    assert broken.fetch(VAULT) == Outcome(None, 1)


def test_child_that_nobody_could_watch_is_ended_and_forgotten(shop: Shop) -> None:
    """Where no more threads may be had it stands in nobody's way: the next request tries anew."""
    refusing = True

    def beside(work: Callable[[], None]) -> None:
        if refusing:
            raise RuntimeError("can't start new thread")
        shop._beside(work)

    shop.fetcher = shop.opened(beside=beside)
    shop.script = "sleep 60; true"
    for _ in range(AT_ONCE + 1):
        assert shop.fetcher.fetch(VAULT) == Outcome(None, 1)
    assert shop.left_running() == []
    refusing, shop.script = False, "exit 0"
    assert shop.fetcher.fetch(VAULT) == Outcome(0, 1)


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

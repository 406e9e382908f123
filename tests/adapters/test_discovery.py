"""The discovery document: kept a day, found by its URL, never the reason for a failure."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from sidecar.adapters.discovery import FRESH_SECONDS, DiscoveryStore
from tests.posix.clocks import StandingClock

URL = "https://login.example/t/.well-known/openid-configuration"

TEXT = '{"issuer": "https://login.example/t"}'


@pytest.fixture
def clock() -> StandingClock:
    """Virtual."""
    return StandingClock(wall=1_790_000_000.0)


@pytest.fixture
def store(tmp_path: Path, clock: StandingClock) -> DiscoveryStore:
    """Empty."""
    return DiscoveryStore(tmp_path / "discovery.json", clock.now)


def test_document_is_fresh_for_a_day(store: DiscoveryStore, clock: StandingClock) -> None:
    """After that it is asked for again, but the old copy can still serve."""
    store.keep(URL, TEXT)
    for seconds, fresh in ((0, TEXT), (FRESH_SECONDS - 1, TEXT), (1, None), (1e7, None)):
        clock.wall += seconds
        assert store.fresh(URL) == fresh
        assert store.stale(URL) == TEXT


def test_document_from_the_future_is_not_fresh(store: DiscoveryStore, clock: StandingClock) -> None:
    """The clock went back: it might stay fresh for years."""
    store.keep(URL, TEXT)
    clock.wall -= 1
    assert store.fresh(URL) is None
    assert store.stale(URL) == TEXT


def test_document_of_another_url_is_never_served(store: DiscoveryStore) -> None:
    """Another tenant or authority has other endpoints; the last one kept replaces the one before."""
    store.keep(URL, TEXT)
    assert (store.fresh(f"{URL}?x"), store.stale(f"{URL}?x")) == (None, None)
    store.keep("https://other.example/", "{}")
    assert store.stale(URL) is None


def test_forgotten_document_is_gone(store: DiscoveryStore) -> None:
    """Forgetting twice is no error."""
    store.keep(URL, TEXT)
    store.forget()
    store.forget()
    assert store.stale(URL) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        json.dumps({"url": URL}),
        json.dumps({"url": URL, "kept_on": "x", "text": ""}),
        json.dumps({"url": URL, "kept_on": 10**400, "text": TEXT}),
        *(json.dumps({"url": URL, "kept_on": 1, "text": text}) for text in ("5", "[]", "{", "[" * 100_000)),
        "[" * 100_000,
    ],
)
def test_damaged_store_is_an_empty_one(store: DiscoveryStore, tmp_path: Path, content: str) -> None:
    """It costs one request."""
    (tmp_path / "discovery.json").write_text(content)
    assert (store.fresh(URL), store.stale(URL)) == (None, None)


def test_volume_that_takes_nothing_is_no_failure(clock: StandingClock, tmp_path: Path) -> None:
    """Keeping and forgetting are attempts: the turn goes on without."""
    store = DiscoveryStore(tmp_path / "file" / "discovery.json", clock.now)
    (tmp_path / "file").touch()
    store.keep(URL, TEXT)
    store.forget()
    assert store.stale(URL) is None


def test_document_is_the_owners_only(store: DiscoveryStore, tmp_path: Path) -> None:
    """Whoever could change it could send the refresh token elsewhere."""
    store.keep(URL, TEXT)
    assert stat.S_IMODE((tmp_path / "discovery.json").stat().st_mode) == 0o600

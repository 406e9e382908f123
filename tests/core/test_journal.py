"""The journal: it comes back whole, or empty, and never stops a turn."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.journal import Journal, after_leap, from_text, of_wanted, to_text
from sidecar.core.schedule import Anchor, Attempts
from tests.core.strategies import NOW, journals, json_values

WHOLE = Journal(
    tokens={"": Attempts(failures=2, retry_on=NOW, succeeded_on=5, failed_on=7, error="busy")},
    signin=Attempts(),
    anchor=Anchor(1.5, 2.5, "boot"),
    wake_on=NOW,
    renewal_owed=True,
)
FIELDS: list[tuple[str, ...]] = [
    ("tokens",),
    ("signin",),
    ("anchor",),
    ("wake_on",),
    ("renewal_owed",),
    ("tokens", ""),
    *(("tokens", "", name) for name in ("failures", "retry_on", "succeeded_on", "failed_on", "error")),
    *(("anchor", name) for name in ("wall", "boot", "boot_id")),
]


NEVER = [10**400, -(10**400), 10**12, float("inf"), float("nan")]


@pytest.mark.parametrize("where", [("wake_on",), ("tokens", "", "retry_on"), ("anchor", "wall")])
@pytest.mark.parametrize("value", NEVER)
def test_instant_beyond_every_clock_makes_an_empty_journal(where: tuple[str, ...], value: float) -> None:
    """It cannot be added to a clock: what comes after the reading would fail on it, turn after turn."""
    document: Any = json.loads(to_text(WHOLE))
    inner = document
    for name in where[:-1]:
        inner = inner[name]
    inner[where[-1]] = value
    assert from_text(json.dumps(document)) == Journal()


@given(journal=journals)
def test_journal_comes_back(journal: Journal) -> None:
    """Nothing is lost between two turns."""
    assert from_text(to_text(journal)) == journal


@pytest.mark.parametrize("seconds", [-7200.0, -40.4, 40.4, 7200.0])
def test_pauses_stay_as_long_as_they_were_after_a_leap(seconds: float) -> None:
    """What was to be tried in five minutes is tried in five minutes, by the new time; and every token is
    to be renewed.
    """
    paused = Attempts(failures=2, retry_on=NOW + 300, succeeded_on=NOW - 9, failed_on=NOW - 5, error="busy")
    anchor = Anchor(NOW + seconds, 70.0, "boot")
    moved = after_leap(Journal({"": paused, "new": Attempts()}, paused), seconds=seconds, anchor=anchor)
    by = round(seconds)
    expected = Attempts(2, NOW + 300 + by, NOW - 9 + by, NOW - 5 + by, "busy")
    assert moved == Journal({"": expected, "new": Attempts()}, expected, anchor, None, renewal_owed=True)


def test_token_that_is_not_wanted_any_more_is_forgotten() -> None:
    """What it waited for would be waited for without end."""
    waiting = Attempts(failures=1, waits=True)
    assert of_wanted(Journal({"": Attempts(), "arm": waiting}), {""}) == Journal({"": Attempts()})


@given(garbage=st.text(max_size=100) | st.binary(max_size=100) | json_values.map(json.dumps))
def test_garbage_is_an_empty_journal(garbage: str | bytes) -> None:
    """It costs a renewal too early, nothing more."""
    assert from_text(garbage) == Journal()


@pytest.mark.parametrize("garbage", ["[" * 200_000, "1e999", '{"tokens": {}, "signin": 1e999}'])
def test_garbage_that_breaks_readers_is_an_empty_journal(garbage: str) -> None:
    """Nesting without end, numbers without end."""
    assert from_text(garbage) == Journal()


def test_every_beginning_of_a_journal_is_an_empty_one() -> None:
    """Wherever a crash cut it off."""
    text = to_text(WHOLE)
    assert all(from_text(text[:length]) == Journal() for length in range(len(text)))


@given(where=st.sampled_from(FIELDS), value=json_values)
def test_wrong_value_never_stops_a_turn(where: tuple[str, ...], value: object) -> None:
    """Whatever stands in a field, reading gives a journal that can be written again."""
    document: Any = json.loads(to_text(WHOLE))
    inner = document
    for name in where[:-1]:
        inner = inner[name]
    inner[where[-1]] = value
    found = from_text(json.dumps(document))
    assert all(
        type(number) is int
        for record in (*found.tokens.values(), found.signin)
        for number in (record.failures, record.retry_on, record.succeeded_on)
    )
    assert json.loads(to_text(found))


@pytest.mark.parametrize("where", FIELDS)
def test_journal_with_a_field_missing_is_an_empty_one(where: tuple[str, ...]) -> None:
    """Half a record is no record."""
    document: Any = json.loads(to_text(WHOLE))
    inner = document
    for name in where[:-1]:
        inner = inner[name]
    del inner[where[-1]]
    expected = replace(WHOLE, tokens={})
    assert from_text(json.dumps(document)) == (expected if where == ("tokens", "") else Journal())

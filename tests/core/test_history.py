"""The history: counted, bounded, and empty rather than wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import history as histories
from sidecar.core.history import COUNTS_MAX, ENTRIES_MAX, History, noted
from tests.core.strategies import NOW, json_values


def test_event_is_counted_and_kept() -> None:
    """By event, token and kind, so that monitoring can tell them apart."""
    fields = {"token": "arm", "kind": "authority-busy", "message": "503"}
    history = noted(noted(History(), "refresh.failed", fields, now=NOW), "refresh.scheduled", {}, now=NOW)
    assert history.counts == {("refresh.failed", "arm", "authority-busy"): 1}
    assert [entry.message for entry in history.entries] == ["503"]
    assert history.since == NOW


def test_history_never_grows_beyond_its_bounds() -> None:
    """A year of events, or names without end, fill no volume."""
    history = History()
    for number in range(COUNTS_MAX + 10):
        history = noted(history, "refresh.succeeded", {"token": f"t{number}"}, now=NOW + number)
    assert (len(history.counts), len(history.entries)) == (COUNTS_MAX, ENTRIES_MAX)
    assert history.entries[-1].on == NOW + COUNTS_MAX + 9


def test_history_is_read_as_it_was_written() -> None:
    """Counts go on after a restart."""
    history = noted(History(), "signin.withdrawn", {"outcome": "completed"}, now=NOW)
    assert histories.from_text(histories.to_text(history)) == history


@given(st.dictionaries(st.sampled_from(["since", "counts", "entries"]), json_values))
def test_damaged_history_is_an_empty_one_or_sound(document: dict[str, object]) -> None:
    """Whatever lies there, the next turn goes on."""

    found = histories.from_text(json.dumps(document))
    assert histories.from_text(histories.to_text(found)) == found


@pytest.mark.parametrize("text", ["", "[]", "null", '{"since": 1}'])
def test_rubbish_is_an_empty_history(text: str) -> None:
    """It costs the counts, nothing more."""
    assert histories.from_text(text) == History()

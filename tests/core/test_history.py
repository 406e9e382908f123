"""The history: counted, bounded, and empty rather than wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core import history as histories
from sidecar.core.history import (
    COUNTS_LIMIT,
    COUNTS_MAX,
    ENTRIES_MAX,
    OTHERS,
    REMEMBERED,
    ROUTINE,
    ROUTINE_MAX,
    TURN,
    Entry,
    History,
    noted,
)
from tests.core.strategies import NOW, json_values

FAILED = {"kind": "authority-busy", "message": "503", "failures": 1}


def of_all(*told: tuple[str, Mapping[str, object]]) -> History:
    """What is remembered of these events, a second apart."""
    history = History()
    for number, (event, fields) in enumerate(told):
        history = noted(history, event, fields, now=NOW + number)
    return history


def test_event_is_counted_and_kept() -> None:
    """By event, token and kind, so that monitoring can tell them apart."""
    history = of_all(("refresh.failed", {"token": "arm", **FAILED}), ("refresh.scheduled", {}))
    assert history.counts == {("refresh.failed", "arm", "authority-busy"): 1}
    assert [entry.message for entry in history.entries] == ["503"]
    assert history.since == NOW


def test_failed_turn_is_no_failure_of_the_unnamed_token() -> None:
    """The log leaves the name out for both; a renewal's failure says which in a row it is."""
    history = of_all(("refresh.failed", FAILED), ("refresh.failed", {"kind": "directory-error"}))
    assert set(history.counts) == {
        ("refresh.failed", "", "authority-busy"),
        ("refresh.failed", TURN, "directory-error"),
    }


def test_failure_told_of_one_token_is_counted_for_each() -> None:
    """The log says once that the authority is away; every token that waits for it has a failure more."""
    history = of_all(
        ("refresh.failed", {"token": "arm", **FAILED}),
        ("refresh.failed", {"token": "", "kind": "authority-busy"}),
    )
    assert sum(history.counts.values()) == 2
    assert [entry.token for entry in history.entries] == ["arm"]


def test_outage_is_one_entry() -> None:
    """A night of it, each minute, does not push out who signed in; what follows stands by itself again."""
    outage = [("refresh.failed", {"token": name, **FAILED}) for _ in range(500) for name in ("", "arm")]
    history = of_all(
        ("signin.completed", {"username": "alice"}),
        *outage,
        ("refresh.succeeded", {"token": "arm"}),
        ("refresh.failed", {"token": "arm", **FAILED}),
    )
    assert [(entry.event, entry.token, entry.times) for entry in history.entries] == [
        ("signin.completed", "", 1),
        ("refresh.failed", "", 500),
        ("refresh.failed", "arm", 500),
        ("refresh.succeeded", "arm", 1),
        ("refresh.failed", "arm", 1),
    ]
    assert (history.entries[1].first_on, history.entries[1].on) == (NOW + 1, NOW + 999)
    assert histories.from_text(histories.to_text(history)) == history
    assert history.counts["refresh.failed", "arm", "authority-busy"] == 501


def test_routine_does_not_push_out_what_people_look_for() -> None:
    """Fifty tokens are renewed every hour; the prompt of this morning is still there."""
    routine = [("refresh.succeeded", {"token": f"t{number}"}) for number in range(200)]
    history = of_all(("signin.withdrawn", {"outcome": "completed"}), *routine)
    assert history.entries[0].detail == "completed"
    assert len(history.entries) == ROUTINE_MAX + 1


def test_publication_says_which_tokens() -> None:
    """Not whose they are, which the sign-in says."""
    history = of_all(("token.published", {"tokens": "token, arm", "username": "alice"}))
    assert history.entries[0].message == "token, arm"


def test_history_never_grows_beyond_its_bounds() -> None:
    """A year of events, or names without end, fill no volume; what is counted together is still counted."""
    history = History()
    for number in range(COUNTS_MAX + 50):
        history = noted(history, "refresh.failed", {"token": f"t{number}", **FAILED}, now=NOW + number)
    assert len(history.entries) == ENTRIES_MAX
    assert history.entries[-1].on == NOW + COUNTS_MAX + 49
    assert history.counts["refresh.failed", OTHERS, "authority-busy"] == 50
    for number in range(COUNTS_LIMIT):
        history = noted(history, "refresh.failed", {"token": "x", "kind": f"k{number}"}, now=NOW)
    assert len(history.counts) == COUNTS_LIMIT
    assert len(histories.to_text(history)) < 200_000


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(REMEMBERED)),
            st.dictionaries(
                st.sampled_from(["token", "kind", "message", "outcome", "failures"]), json_values
            ),
        ),
        max_size=80,
    )
)
def test_counts_only_go_up(told: list[tuple[str, dict[str, object]]]) -> None:
    """Each event makes exactly one counter one higher, through the file too; entries stay bounded."""
    history = History()
    for event, fields in told:
        after = histories.from_text(histories.to_text(noted(history, event, fields, now=NOW)))
        higher = {
            count: number - history.counts.get(count, 0)
            for count, number in after.counts.items()
            if number != history.counts.get(count, 0)
        }
        assert list(higher.values()) == [1]
        assert history.counts.keys() <= after.counts.keys()
        history = after
    assert sum(entry.event in ROUTINE for entry in history.entries) <= ROUTINE_MAX
    assert len(history.entries) <= ENTRIES_MAX


def test_history_is_read_as_it_was_written() -> None:
    """Counts go on after a restart."""
    history = of_all(("signin.withdrawn", {"outcome": "completed"}), ("refresh.failed", FAILED))
    assert histories.from_text(histories.to_text(history)) == history
    assert history.entries[0] == Entry(NOW, "signin.withdrawn", detail="completed")


@given(st.dictionaries(st.sampled_from(["since", "counts", "entries"]), json_values))
def test_damaged_history_is_an_empty_one_or_sound(document: dict[str, object]) -> None:
    """Whatever lies there, the next turn goes on."""

    found = histories.from_text(json.dumps(document))
    assert histories.from_text(histories.to_text(found)) == found


@pytest.mark.parametrize("text", ["", "[]", "null", '{"since": 1}'])
def test_rubbish_is_an_empty_history(text: str) -> None:
    """It costs the counts, nothing more."""
    assert histories.from_text(text) == History()

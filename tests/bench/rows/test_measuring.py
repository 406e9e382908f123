"""Measuring for real, short, of ours alone."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import pytest

from tests.bench.contender import IMPORT_MSAL, OURS
from tests.bench.contenders import contenders
from tests.bench.engine import Engine, EngineError, docker
from tests.bench.provider import Provider
from tests.bench.rows import measure
from tests.bench.rows.restart import restart
from tests.bench.rows.running import Running
from tests.bench.rows.samples import Samples
from tests.bench.what import UNITS
from tests.leaks import Leaks

pytestmark = [
    pytest.mark.image,
    pytest.mark.skipif(os.geteuid() != 0, reason="what the kernel counts for a container is root's to read"),
]
NOT_HERE = {"idle_cpu_day", "round_trip"}
"""What takes minutes, and what is nobody's and measured before (`tests.bench.run`)."""


def test_short_measuring_has_all_rows_of_ours_and_leaves_nothing_behind(leaks: Leaks) -> None:
    """Every figure but those of a long life and of a long rest; no container and no note is left."""

    def printed(text: str) -> None:
        leaks.printed("short measuring", text)

    with Provider() as provider, Engine(printed) as engine:
        rows = list(measure(engine, provider, contenders(provider, only=[OURS]), short=True))
        leaks.issued(provider.secrets())
        assert engine.notes == []
    of_ours = {row.what: row for row in rows if row.who == OURS}
    assert set(of_ours) == {what for what in UNITS if not what.startswith("growth_")} - NOT_HERE
    assert {row.what for row in rows if row.who == IMPORT_MSAL} == {"turn_cpu", "turn_peak", "restart"}
    assert all(0 <= row.min <= row.median <= row.max for row in rows if row.what != "fifty_tokens")
    assert of_ours["renewal_requests"].median == 1
    assert of_ours["idle_anonymous"].median < of_ours["idle_pss"].median < of_ours["turn_peak"].median
    assert of_ours["probe_cpu"].median < of_ours["turn_cpu"].median
    assert docker("ps", "--all", "--quiet", "--filter", f"name={engine.mark}") == ""


def test_restart_that_asks_a_person_is_a_note_and_no_row(leaks: Leaks) -> None:
    """Its prompt is closed, so that the next container's is not taken for it."""
    with Provider() as provider, Engine() as engine:
        [ours] = contenders(provider, only=[OURS])
        running, samples = Running(engine, ours), Samples()
        running.sign_in()
        for path in running.place.state.iterdir():
            shutil.rmtree(path)
        restart(engine, running, provider, samples)
        leaks.issued(provider.secrets())
        assert provider.open_codes() == []
        assert [
            note for note in engine.notes if "asks a person" in note and ours.title in note
        ] == engine.notes
        assert len(engine.notes) == 1
        assert list(samples.summaries()) == []


def test_container_that_ends_is_an_error_with_its_words() -> None:
    """Nobody waits two minutes for it, and it is removed like any other."""
    with Provider() as provider, Engine() as engine:
        [ours] = contenders(provider, only=[OURS])
        with pytest.raises(EngineError, match=r"(?s)ended.*usage: entrypoint\.sh probe"):
            Running(engine, replace(ours, command=("probe", "nothing"))).sign_in()
    assert docker("ps", "--all", "--quiet", "--filter", f"name={engine.mark}") == ""

"""Measuring for real, short, of ours alone."""

from __future__ import annotations

import os

import pytest

from tests.bench.contender import IMPORT_MSAL, OURS
from tests.bench.contenders import contenders
from tests.bench.engine import Engine, docker
from tests.bench.provider import Provider
from tests.bench.rows import measure
from tests.bench.what import UNITS
from tests.leaks import Leaks

pytestmark = [
    pytest.mark.image,
    pytest.mark.skipif(os.geteuid() != 0, reason="what the kernel counts for a container is root's to read"),
]
TAKES_MINUTES = {"idle_cpu_day"}


def test_short_measuring_has_all_rows_of_ours_and_leaves_nothing_behind(leaks: Leaks) -> None:
    """Every figure but those of a long life and of a long rest; no container and no note is left."""

    def printed(text: str) -> None:
        leaks.printed("short measuring", text)

    with Provider() as provider, Engine(printed) as engine:
        rows = list(measure(engine, provider, contenders(provider, only=[OURS]), short=True))
        leaks.issued(provider.secrets())
        assert engine.notes == []
    of_ours = {row.what: row for row in rows if row.who == OURS}
    assert set(of_ours) == {what for what in UNITS if not what.startswith("growth_")} - TAKES_MINUTES
    assert {row.what for row in rows if row.who == IMPORT_MSAL} == {"turn_cpu", "turn_peak", "restart"}
    assert all(0 <= row.min <= row.median <= row.max for row in rows if row.what != "fifty_tokens")
    assert of_ours["renewal_requests"].median == 1
    assert of_ours["idle_anonymous"].median < of_ours["idle_pss"].median < of_ours["turn_peak"].median
    assert of_ours["probe_cpu"].median < of_ours["turn_cpu"].median
    assert docker("ps", "--all", "--quiet", "--filter", f"name={engine.mark}") == ""

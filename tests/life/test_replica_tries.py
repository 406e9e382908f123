"""How often a replica tries a renewal within a turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.errors import AuthorityBusy
from tests.life.bench import Bench

LIFE = 3600


@pytest.mark.parametrize(("replicated", "tries"), [(False, 2), (True, 1)], ids=["alone", "replicated"])
def test_replica_tries_a_renewal_once_in_a_turn(tmp_path: Path, replicated: bool, tries: int) -> None:
    """Each counts its own failures: with second tries two of them would ask sixteen times a minute."""
    bench = Bench.in_directory(tmp_path)
    bench.signin()
    bench.rules = replace(bench.rules, replicated=replicated)
    bench.authority.renewals.extend([AuthorityBusy("503", retry_after=None)] * 10)
    before = len(bench.authority.requests)
    bench.clock.sleep(LIFE * 0.7)
    assert isinstance(bench.turn(), AuthorityBusy)
    assert len(bench.authority.requests) - before == tries

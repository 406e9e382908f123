"""Every promise over inputs that hypothesis makes up, and shrinks when one is broken."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.torture.figures import count
from tests.torture.fuzz.targets import NAMES, target
from tests.torture.scale import EXPLORES, scaled

SLOW = ("answers", "cache_file", "state_dir")
"""Their inputs are lives of a pod: a hundredfold of the work of the others."""

TRIED: Counter[str] = Counter()


def examples_of(name: str) -> int:
    """How many, so that no target takes longer than the others."""
    return scaled(60, 3000) if name in SLOW else scaled(300, 20_000)


@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds(name: str) -> None:
    """No traceback, no hang, no control character, no secret told, nothing published that was refused."""
    one_input = target(name)

    @settings(
        max_examples=examples_of(name),
        deadline=None,
        derandomize=not EXPLORES,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.binary(max_size=400))
    def every(data: bytes) -> None:
        TRIED[name] += 1
        one_input(data)

    every()
    count("fuzz", f"inputs by hypothesis: {name}", TRIED[name])
    count("fuzz", "crashes", 0)

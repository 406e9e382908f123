"""A steady-state turn of ours beside `import msal`, as processes in the same container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.bench.contender import IMPORT_MSAL, OURS, Contender
from tests.bench.engine import Engine, Place
from tests.bench.figures import Summary
from tests.bench.rows.metered import TURN, WITH_CODE, metered
from tests.bench.rows.plan import Plan
from tests.bench.rows.samples import Samples, tell

COMMANDS: dict[str, dict[str, Any]] = {
    IMPORT_MSAL: {"argv": ["python3", "-P", "-c", "import msal"]},
    OURS: {"argv": TURN, "environment": WITH_CODE},
}


def turns(engine: Engine, ours: Contender, place: Place, plan: Plan) -> Iterator[Summary]:
    """Their CPU and peaks; the wall of `import msal` is what our restart is held against. `place` has a
    sign-in.

    :raises EngineError: a turn failed
    """
    tell("turns")
    samples = Samples()
    for who, runs in metered(engine, ours, place, COMMANDS, plan.turns).items():
        samples.add("turn_cpu", who, *(each["cpu_ms"] for each in runs))
        samples.add("turn_peak", who, *(each["peak_kib"] / 1024 for each in runs))
        if who == IMPORT_MSAL:
            samples.add("restart", who, *(each["wall_ms"] for each in runs))
    yield from samples.summaries()

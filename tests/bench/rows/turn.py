"""A steady-state turn of ours beside `import msal`, as processes in the same container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.bench.contender import IMPORT_MSAL, OURS, Contender
from tests.bench.engine import Engine
from tests.bench.figures import Summary
from tests.bench.rows.authority import Authority
from tests.bench.rows.metered import TURN, WITH_CODE, metered, signed_in
from tests.bench.rows.plan import Plan
from tests.bench.rows.samples import Samples, tell

COMMANDS: dict[str, dict[str, Any]] = {
    IMPORT_MSAL: {"argv": ["python3", "-P", "-c", "import msal"]},
    OURS: {"argv": TURN, "environment": WITH_CODE},
}


def turns(engine: Engine, provider: Authority, ours: Contender, plan: Plan) -> Iterator[Summary]:
    """Their CPU and peaks; the wall of `import msal` is what our restart is held against.

    :raises Impatient: ours did not sign in
    :raises EngineError: a turn failed
    """
    tell("turns")
    provider.token_life(plan.token_life_seconds)
    samples = Samples()
    for who, runs in metered(engine, ours, signed_in(engine, ours), COMMANDS, plan.turns).items():
        samples.add("turn_cpu", who, *(each["cpu_ms"] for each in runs))
        samples.add("turn_peak", who, *(each["peak_kib"] / 1024 for each in runs))
        if who == IMPORT_MSAL:
            samples.add("restart", who, *(each["wall_ms"] for each in runs))
    yield from samples.summaries()

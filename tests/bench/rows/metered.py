"""Commands in one container of our image, under the meter, with a sign-in that is cached there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench import meter
from tests.bench.contender import Contender
from tests.bench.engine import Engine, EngineError, Place, docker, printed_by
from tests.bench.rows.running import Running

METER = "/bench/meter.py"
METER_SECONDS = 600.0
TURN = ["python3", "-P", "-m", "sidecar", "refresh", "--now"]
WITH_CODE = {"PYTHONPATH": "/"}
"""As entrypoint.sh has it."""


def signed_in(engine: Engine, contender: Contender) -> Place:
    """Two directories with a sign-in and a live token; the container has gone. The provider has to approve by
    itself.

    :raises Impatient: it did not sign in
    """
    running = Running(engine, contender)
    running.sign_in()
    running.container.stop()
    running.remove()
    return running.place


def metered(
    engine: Engine,
    contender: Contender,
    place: Place,
    commands: Mapping[str, Mapping[str, Any]],
    runs: int,
    mounts: Mapping[str, Path] | None = None,
) -> dict[str, list[dict[str, float]]]:
    """By command: what each of its runs cost (see `tests.bench.meter.run`), in their order, after one run to
    warm up.

    :raises EngineError: a command failed
    """
    task = json.dumps({"commands": commands, "runs": runs + 1})
    name = engine.start(
        contender,
        place,
        mounts={METER: Path(meter.__file__), **(mounts or {})},
        program=["python3", "-P", METER, task],
    )
    code = docker("wait", name, seconds=METER_SECONDS).strip()
    printed = printed_by(name)
    engine.remove(name)
    if code != "0":
        raise EngineError(f"the meter left {code}: {printed[-2000:]}")
    return of_runs(printed)


def of_runs(printed: str) -> dict[str, list[dict[str, float]]]:
    """What the meter printed, without the first run of each.

    :raises EngineError: a command failed
    """
    found: dict[str, list[dict[str, float]]] = {}
    for each in (json.loads(line) for line in printed.splitlines() if line.startswith('{"name"')):
        if each["code"]:
            raise EngineError(f"{each['name']} left {each['code']} under the meter: {printed[-2000:]}")
        found.setdefault(each["name"], []).append(each)
    return {name: [each for each in runs if each["run"] > 0] for name, runs in found.items()}

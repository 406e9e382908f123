"""atheris, which `make torture` alone installs: inputs are chosen by the code that they reach."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture.figures import count, highest
from tests.torture.fuzz.targets import NAMES
from tests.torture.scale import EXPLORES, FACTOR, scaled

ROOT = Path(__file__).parents[3]
# Not collected for the bounded form rather than skipped: a skip is a failure on CI.
TARGETS = NAMES if FACTOR > 0 else ()
SEED = 1


if TARGETS:

    @pytest.mark.parametrize("name", TARGETS)
    def test_no_input_that_reaches_new_code_breaks_a_promise(name: str, tmp_path: Path) -> None:
        """The first crash or hang ends it; the input is then in the corpus."""
        seconds = scaled(5, 80)
        command = [sys.executable, "-m", "tests.torture.fuzz", name, f"--seconds={seconds}"]
        ended = subprocess.run(
            [*command, f"--found={tmp_path}", f"--seed={0 if EXPLORES else SEED}"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(SEED)},
            capture_output=True,
            timeout=seconds * 3 + 120,
            check=False,
        )
        told = ended.stderr.decode(errors="replace")
        assert ended.returncode == 0, told[-4000:]
        tried = re.search(r"stat::number_of_executed_units: (\d+)", told)
        slowest = re.search(r"stat::slowest_unit_time_sec: +(\d+)", told)
        assert tried
        assert slowest
        count("fuzz", f"inputs by atheris: {name}", int(tried[1]))
        highest("fuzz", "slowest input by atheris in seconds", int(slowest[1]))
        count("fuzz", "hangs", 0)

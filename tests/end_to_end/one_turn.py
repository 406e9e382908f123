"""One turn as a process, without the loop around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from tests.end_to_end.pod import ROOT, Pod
from tests.leaks import Leaks

PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Turn:
    """How it ended, what it printed, and how long it took."""

    code: int
    output: str
    seconds: float

    def records(self, event: str) -> list[dict[str, Any]]:
        """The JSON lines of that event."""
        lines = [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]


def command(pod: Pod, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """`python -P -m sidecar` with the settings of a pod, started."""
    inherited = {
        name: text for name, text in os.environ.items() if not name.startswith(("SIDECAR_", "AZURE_"))
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "sidecar", *arguments],
        env={**inherited, "PYTHONPATH": str(ROOT), **pod.settings, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
    )


def one_turn(pod: Pod, leaks: Leaks, *arguments: str, **settings: str) -> Turn:
    """Run it to its end; what it printed is searched for secrets."""
    started = time.monotonic()
    process = command(pod, *arguments, **settings)
    try:
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    leaks.printed("one turn", output)
    return Turn(process.returncode, output, time.monotonic() - started)

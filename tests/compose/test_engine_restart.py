"""The engine goes down and comes back, as after an update or a crash of the machine's daemon."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.compose.stack import APPS, ROOT, Stack
from tests.engines.docker import eventually
from tests.leaks import Leaks

pytestmark = [pytest.mark.image, pytest.mark.serial]

SCRIPT = ROOT / "tests" / "engines" / "docker.sh"
PID_FILE = Path(os.environ.get("XDG_RUNTIME_DIR", "/run"), "entra-sidecar-docker", "dockerd.pid")


def test_engine_restart_needs_nobody(demo: Stack, leaks: Leaks) -> None:
    """Compose is not there to order anything: each container starts by itself and finds its way."""
    if not PID_FILE.exists():
        pytest.skip("the engine was not started by tests/engines/docker.sh, so it is not ours to restart")
    leaks.issued(demo.secrets())
    started = {app: demo.inspect(app)["State"]["StartedAt"] for app in ("refresh", *APPS)}
    subprocess.run([str(SCRIPT), "restart"], check=True, stdin=subprocess.DEVNULL, timeout=120)
    for service, before in started.items():
        _wait_for_next_start(demo, service, before)
    eventually(lambda: _answers(demo), "the stand-in answers", seconds=120)
    renewed = demo.renewals()
    eventually(lambda: demo.renewals() > renewed, "a renewal after the restart", seconds=120)
    demo.calls_go_on()
    assert len(demo.prompts()) == 1
    assert demo.inspect("signin")["State"]["Running"] is False


def _wait_for_next_start(demo: Stack, service: str, before: str) -> None:
    def runs_again() -> bool:
        state = demo.inspect(service)["State"]
        return bool(state["Running"] and state["StartedAt"] > before)

    eventually(runs_again, f"{service} runs again", seconds=120)


def _answers(demo: Stack) -> bool:
    try:
        return demo.ask("GET", "_control/health").ok
    except OSError:
        return False

"""Real processes under a clock that is wrong from the start, beside an authority whose clock is right."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod, Running
from tests.torture.figures import count

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")

HOUR = 3600
YEAR = 365 * 86400

WrongBy = Callable[..., Running]


@pytest.fixture
def start(pod: Pod, tmp_path: Path) -> WrongBy:
    """Starts a role in a pod whose wall clock is so many seconds off."""
    library = tmp_path / "wrong_clock.so"
    source = Path(__file__).with_name("wrong_clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)

    def start(seconds: int, *arguments: str) -> Running:
        return pod.start(*arguments, LD_PRELOAD=str(library), WRONG_BY_SECONDS=str(seconds))

    return start


@pytest.mark.parametrize("seconds", [-10 * YEAR, -2 * HOUR, 2 * HOUR, 10 * YEAR])
def test_container_with_a_wrong_clock_works_by_it_and_warns(
    pod: Pod, entra: Emulator, start: WrongBy, seconds: int
) -> None:
    """Lives are counted by `expires_in` on the machine's own clock, by which apps compare; the warning says
    how far it is off; probes agree; the loop renews, and is not hot.
    """
    entra.policy.approve_after = 0
    entra.policy.token_life = 3600
    running = start(seconds, "signin")
    assert running.end() == 0, running.output
    (warning,) = running.records("clock.offset")
    assert abs(warning["offset_seconds"] - seconds) < 60
    assert "chrony" in warning["advice"]
    left = pod.document()["expires_on"] - (time.time() + seconds)
    assert 3500 < left <= 3600
    probe = start(seconds, "probe", "readiness")
    assert probe.end() == 0, probe.output
    loop = start(seconds, "refresh", "--now")
    loop.wait_for("refresh.succeeded")
    assert loop.records("clock.offset") == []
    assert loop.wait_for("refresh.scheduled")["in_seconds"] > 1000
    assert loop.stop()[0] == 0
    assert entra.count("devicecode") == 1
    count("clocks", "containers with a wrong clock")


def test_clock_that_is_corrected_while_the_pod_is_down_costs_one_renewal(
    pod: Pod, entra: Emulator, start: WrongBy
) -> None:
    """Cached by a clock two hours ahead: the token of the future is renewed, nobody is asked."""
    entra.policy.approve_after = 0
    ahead = start(2 * HOUR, "signin")
    assert ahead.end() == 0, ahead.output
    loop = pod.start("refresh")
    loop.wait_for("refresh.succeeded")
    assert len(loop.records("clock.leapt")) == 1
    assert loop.stop()[0] == 0
    assert entra.count("devicecode") == 1
    assert json.loads((pod.tokens / "token.json").read_text())["expires_on"] < time.time() + 2 * HOUR
    count("clocks", "containers with a wrong clock")


def test_right_clock_is_not_warned_of(signed_in: Pod) -> None:
    """An offset of less than a minute is none."""
    running = signed_in.start("refresh", "--now")
    running.wait_for("refresh.succeeded")
    assert running.records("clock.offset") == []
    assert running.stop()[0] == 0

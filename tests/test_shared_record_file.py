"""What of a shared state lies in the state directory, and who minds it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from sidecar.adapters.log import Log
from sidecar.core.kubernetes.names import ObjectName
from sidecar.elsewhere import Nowhere
from sidecar.errors import ConfigurationError, LeaseHeld
from sidecar.kubernetes.patience import patiently
from sidecar.kubernetes.record_file import RecordFile, known, same_state
from tests.life.doubles import QuietHeart, VirtualClock

STATE, OTHER = ObjectName("apps", "state"), ObjectName("apps", "other")


def a_log() -> Log:
    """Nobody reads it."""
    return Log(format="json", level="debug", stream=io.StringIO())


def test_name_of_a_pod_outlives_its_container_and_not_its_directory(tmp_path: Path) -> None:
    """Whoever finds the directory again may take its Lease at once; a namesake may not."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = RecordFile(tmp_path / "a").read(STATE, "pod")
    assert RecordFile(tmp_path / "a").read(STATE, "pod").replica == first.replica
    assert RecordFile(tmp_path / "a").read(OTHER, "pod").replica == first.replica
    assert RecordFile(tmp_path / "b").read(STATE, "pod").replica != first.replica
    assert first.replica.startswith("pod_")


@pytest.mark.parametrize("secret", [None, OTHER])
def test_serve_with_other_settings_may_not_renew(tmp_path: Path, secret: ObjectName | None) -> None:
    """It would use the refresh token behind the backs of the other replicas."""
    RecordFile(tmp_path).read(STATE, "pod")
    with pytest.raises(ConfigurationError, match="apps/state") as refused:
        same_state(tmp_path, secret, demanded=True, log=a_log())
    assert refused.value.exit_code == 78
    assert "SIDECAR_STATE_SECRET" in refused.value.advice


def test_serve_with_the_same_settings_may(tmp_path: Path) -> None:
    """And without any shared state, too."""
    same_state(tmp_path, None, demanded=True, log=a_log())
    RecordFile(tmp_path).read(STATE, "pod")
    same_state(tmp_path, STATE, demanded=True, log=a_log())


def test_loop_decides_whether_the_state_is_shared(tmp_path: Path) -> None:
    """Once it is not any more, serve may renew again."""
    RecordFile(tmp_path).read(STATE, "pod")
    same_state(tmp_path, None, demanded=False, log=a_log())
    assert known(tmp_path) is None
    same_state(tmp_path, None, demanded=True, log=a_log())


def test_damaged_record_is_as_none(tmp_path: Path) -> None:
    """It is written anew by the next turn."""
    (tmp_path / "shared.json").write_text(json.dumps({"secret": 1}))
    assert RecordFile(tmp_path).read(STATE, "pod").secret == "apps/state"


class Counting(Nowhere):
    """How often a turn ended."""

    closed = 0

    def close(self) -> None:
        """Once a turn."""
        self.closed += 1


def test_signin_waits_for_the_others_turn(tmp_path: Path) -> None:
    """What it brings may be all that is needed; each turn begins with a look."""
    clock, there = VirtualClock(), Counting()
    begun = clock.boot

    def work() -> None:
        if clock.boot - begun < 100:
            raise LeaseHeld("at work")

    patiently(work, there, QuietHeart(tmp_path / "heartbeat", clock), seconds=3600)
    assert 100 <= clock.boot - begun <= 110
    assert there.closed == 11


def test_signin_gives_up_at_its_deadline_and_the_loop_at_once(tmp_path: Path) -> None:
    """75: whoever started it starts it again."""
    clock, there = VirtualClock(), Counting()
    heart = QuietHeart(tmp_path / "heartbeat", clock)

    def work() -> None:
        raise LeaseHeld("at work")

    for seconds, waited in ((0, 0), (60, 60)):
        begun = clock.boot
        with pytest.raises(LeaseHeld):
            patiently(work, there, heart, seconds=seconds)
        assert clock.boot - begun == waited

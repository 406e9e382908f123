"""Two loops on one state directory share the file that says when the next turn is due."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.entrypoint.box import Box

IN_FORTY_SECONDS = """
echo $(($(date +%s) + 40)) >"$SIDECAR_STATE_DIR/private/due"; due 40
printf '%-10s\\n' 0 >"$SIDECAR_STATE_DIR/private/wake"
"""
"""A turn that has left its schedule, and another loop that begins one before the shell has read it."""


@pytest.mark.parametrize("shell", [("dash",), ("busybox", "sh")])
def test_schedule_that_another_loop_has_emptied_is_known_all_the_same(
    tmp_path: Path, shell: tuple[str, ...]
) -> None:
    """The next turn comes when Python said, and nothing is reported: the turn was good."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    box = Box(tmp_path, shell)
    box.virtual_time()
    box.python(f"{IN_FORTY_SECONDS} [ $n -lt 3 ] || exit 77")
    result = box.run("refresh")
    first, second, third = (turn.at for turn in box.turns())
    assert 38 <= second - first <= 41
    assert 38 <= third - second <= 41
    assert result.stderr == ""


def test_emptied_schedule_of_a_killed_turn_is_none(tmp_path: Path) -> None:
    """What the turn before it has left says nothing about the next one: 10 s, as after any crash."""
    box = Box(tmp_path, ("sh",))
    box.virtual_time()
    box.python(f"{IN_FORTY_SECONDS} [ $n -lt 2 ] || exit 77; exit 1")
    result = box.run("refresh")
    assert [turn.at for turn in box.turns()] == [1000, 1010]
    assert "the turn left 1 and no schedule: again in 10 s" in result.stderr

"""What is read from the files for the page alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.adapters.state_dir import PRIVATE, StateDirectory
from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.status import Found, found_in
from tests.page.scene import Scene
from tests.page.scenes import all_well, empty

Find = Callable[[Scene], Found]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """What is found where a scene was left as files."""
    tokens, state = tmp_path / "tokens", tmp_path / "state"
    tokens.mkdir()
    state.mkdir()

    def through_files(scene: Scene) -> Found:
        scene.write(tokens, state)
        return found_in(TokenDirectory(tokens, Access()), StateDirectory(state / PRIVATE), now=time.time())

    return through_files


def test_heartbeat_is_read(find: Find) -> None:
    """A second of the boot clock; None before any loop has run."""
    heartbeat = find(replace(all_well(time.time()), beat_seconds_ago=200)).heartbeat
    assert heartbeat is not None
    assert 199 <= time.clock_gettime(time.CLOCK_BOOTTIME) - heartbeat < 260
    assert find(empty(time.time())).heartbeat is None

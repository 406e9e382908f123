"""Replicas that end without a word: nothing that was shared is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.emulator import Emulator
from tests.torture.replicas.scene import Happening, Scene
from tests.torture.replicas.steps import kill_one, overtaken_in_mid_turn
from tests.torture.scale import scaled

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


def test_replicas_killed_at_random_lose_nothing(new_scene: Callable[..., Scene]) -> None:
    """SIGKILL to whole containers, at an authority that keeps old refresh tokens valid, as Entra does; some
    pods are gone with their directories, and come back elsewhere with nothing but the Secret.
    """
    scene = new_scene(one_time=False, token_life=240, SIDECAR_REFRESH_AT="0.2")
    scene.begin(2)
    with scene.onlookers() as onlookers:
        scene.storm(scaled(6, 300), Happening(0.6, lambda chance: kill_one(scene, chance, reschedule=0.15)))
        scene.renewed(1, "a renewal after the kills")
    scene.end()
    assert scene.verdict(onlookers) == []


@pytest.mark.at_length
def test_replica_that_froze_in_mid_turn_does_not_use_its_refresh_token(
    new_scene: Callable[..., Scene], entra: Emulator
) -> None:
    """STOP while its request gets no answer, until the other replica has taken the expired Lease and renewed:
    the first one takes over what the other has.
    """
    scene = new_scene(one_time=True, token_life=600)
    scene.begin(2)
    with scene.onlookers() as onlookers:
        overtaken_in_mid_turn(scene, entra)
    scene.end()
    assert scene.verdict(onlookers) == []

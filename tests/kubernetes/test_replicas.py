"""Replicas as local processes beside the real API server: raced, killed, and one that froze in mid-turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod
from tests.kubernetes.namespace import Namespace
from tests.kubernetes.replicated import RealCluster
from tests.leaks import Leaks
from tests.torture.replicas.providers import StandIn
from tests.torture.replicas.scene import Happening, Scene, deployments
from tests.torture.replicas.steps import kill_one, overtaken_in_mid_turn

pytestmark = pytest.mark.kubernetes

SECONDS = 120
SEED = 6749


@pytest.fixture
def real(tmp_path: Path, leaks: Leaks) -> Iterator[RealCluster]:
    """A namespace with the objects and rights of k8s/shared."""
    namespace = Namespace(tmp_path, lambda _text: None)
    try:
        with RealCluster(namespace, tmp_path) as cluster:
            leaks.issued({cluster.token})
            yield cluster
    finally:
        namespace.close()


@pytest.fixture
def new_scene(
    real: RealCluster, entra: Emulator, new_pod: Callable[..., Pod], tmp_path: Path, leaks: Leaks
) -> Iterator[Callable[..., Scene]]:
    """Makes a Deployment at the stand-in for the provider."""
    with deployments(cluster=real, new_pod=new_pod, folder=tmp_path, leaks=leaks, seed=SEED) as at:

        def make(*, one_time: bool, token_life: int, **settings: str) -> Scene:
            return at(StandIn(entra, one_time=one_time, token_life=token_life, seed=SEED), **settings)

        yield make


def test_racing_replicas_never_use_a_refresh_token_twice(new_scene: Callable[..., Scene]) -> None:
    """Two minutes of turns at once, where one reuse voids the sign-in: one prompt, one turn at a time."""
    scene = new_scene(one_time=True, token_life=30)
    scene.begin(2)
    with scene.onlookers() as onlookers:
        scene.storm(SECONDS)
    scene.end()
    assert scene.verdict(onlookers) == []


def test_replicas_killed_at_random_lose_nothing(new_scene: Callable[..., Scene]) -> None:
    """Two minutes of kills, where old refresh tokens stay valid: one prompt, no lost state."""
    scene = new_scene(one_time=False, token_life=200, SIDECAR_REFRESH_AT="0.2")
    scene.begin(2)
    with scene.onlookers() as onlookers:
        scene.storm(SECONDS, Happening(0.5, lambda chance: kill_one(scene, chance, reschedule=0.15)))
        scene.renewed(1, "a renewal after the kills")
    scene.end()
    assert scene.verdict(onlookers) == []


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

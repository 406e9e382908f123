"""Deployments beside the stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod
from tests.leaks import Leaks
from tests.oidc_provider.provider import OidcProvider
from tests.torture.replicas.providers import Certified, StandIn
from tests.torture.replicas.scene import Scene, deployments
from tests.torture.replicas.stand_in import StandInCluster
from tests.torture.scale import FACTOR

SEED = 7662


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What waits for a Lease to expire is left out of `make test`; not skipped: a skip is a failure on CI."""
    left_out = [item for item in items if FACTOR == 0 and item.get_closest_marker("at_length")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def cluster(tmp_path: Path, leaks: Leaks) -> Iterator[StandInCluster]:
    """The stand-in for the API server, with two empty Secrets and a Lease."""
    with StandInCluster(tmp_path) as running:
        yield running
    leaks.issued(running.api.secrets)


@pytest.fixture
def scene_at(
    cluster: StandInCluster, new_pod: Callable[..., Pod], tmp_path: Path, leaks: Leaks
) -> Iterator[Callable[..., Scene]]:
    """Makes a Deployment at a provider."""
    with deployments(cluster=cluster, new_pod=new_pod, folder=tmp_path, leaks=leaks, seed=SEED) as make:
        yield make


@pytest.fixture
def new_scene(scene_at: Callable[..., Scene], entra: Emulator) -> Callable[..., Scene]:
    """Makes a Deployment at the stand-in for the provider."""

    def make(*, one_time: bool, token_life: int, **settings: str) -> Scene:
        return scene_at(StandIn(entra, one_time=one_time, token_life=token_life, seed=SEED), **settings)

    return make


@pytest.fixture
def provider(leaks: Leaks) -> Iterator[OidcProvider]:
    """Refresh tokens that work once and whose reuse voids the grant."""
    with OidcProvider(access_token_seconds=60) as running:
        yield running
        leaks.issued(running.secrets())


@pytest.fixture
def certified_scene(scene_at: Callable[..., Scene], provider: OidcProvider) -> Scene:
    """A Deployment at the certified provider."""
    return scene_at(Certified(provider))

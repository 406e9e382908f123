"""The built images on a real engine; `make test-image` builds them first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import stand_in
from tests.engines.docker import KUBERNETES, PRODUCT, STAND_IN, Engine, docker
from tests.engines.stand_in import StandIn
from tests.leaks import Leaks


@pytest.fixture(scope="session", autouse=True)
def images() -> None:
    """Every test here is about the images; without them there is nothing to say."""
    for name in (PRODUCT, KUBERNETES, STAND_IN):
        docker("image", "inspect", "--format", "{{.Id}}", name)


@pytest.fixture
def entra(docker_engine: Engine, leaks: Leaks, tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in for Entra whose tokens live 20 s, beside the test's containers."""
    made = stand_in.start(docker_engine, tmp_path, "--token-life", "20", "--interval", "1")
    yield made
    leaks.issued(made.secrets())

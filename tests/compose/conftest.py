"""A stack of each module's own, on a real engine; `make image` builds what it needs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.compose.stack import APP, Stack
from tests.engines.docker import PRODUCT, STAND_IN, docker
from tests.leaks import Leaks


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The engine is restarted when nobody else needs it any more."""
    items.sort(key=lambda item: item.path.name == "test_engine_restart.py")


@pytest.fixture(scope="session")
def images() -> None:
    """Without the images there is nothing to say."""
    for name in (PRODUCT, STAND_IN, APP):
        docker("image", "inspect", "--format", "{{.Id}}", name)


@pytest.fixture(scope="module")
def new_stack(
    request: pytest.FixtureRequest, leaks: Leaks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Stack]]:
    """Makes stacks, with variables for the shell that compose is started from."""
    made: list[Stack] = []

    def make(**settings: str) -> Stack:
        folder = tmp_path_factory.mktemp("checkout")
        project = f"sidecar-test-{uuid.uuid4().hex[:8]}"
        node = request.node.nodeid
        made.append(Stack(folder, project, lambda text: leaks.printed(node, text), settings))
        return made[-1]

    yield make
    for stack in made:
        stack.close()


@pytest.fixture(scope="module")
def demo(images: None, new_stack: Callable[..., Stack], leaks: Leaks) -> Iterator[Stack]:
    """`docker compose up` on a fresh checkout without .env, and a person who has signed in."""
    assert images is None
    stack = new_stack()
    stack.sign_in()
    yield stack
    leaks.issued(stack.secrets())
    stack.logs()

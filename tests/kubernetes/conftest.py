"""What the server is too old for is left out by name; images are brought in once."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engines.docker import KUBERNETES, PRODUCT, STAND_IN
from tests.kubernetes import cluster
from tests.kubernetes.namespace import Namespace
from tests.leaks import Leaks

LEFT_OUT: dict[str, int] = {}
NODE = "SIDECAR_TEST_NODE"
TOGETHER = ("test_inject.py", "test_shared_rights.py", "test_shared_life.py", "test_shared_secrets.py")


def wanted(config: pytest.Config) -> bool:
    """Whether this run is about a cluster; otherwise none is spoken to, whatever KUBECONFIG says."""
    expression = str(config.getoption("markexpr"))
    return "kubernetes" in expression.split() and "not kubernetes" not in expression


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a feature that is not there; not skipped, since nothing could mend it."""
    if not wanted(config):
        return
    if not os.environ.get("KUBECONFIG"):
        raise pytest.UsageError("KUBECONFIG has to name the cluster: none is used by chance")
    kept = []
    for item in items:
        missing = [
            f"{mark.args[0]}: {cluster.FEATURES[mark.args[0]][0]}"
            for mark in item.iter_markers("needs")
            if not cluster.has(mark.args[0])
        ]
        if item.get_closest_marker("node") and not os.environ.get(NODE) and not os.environ.get("CI"):
            missing.append(f"disturbing the node: {NODE}")
        for what in missing:
            LEFT_OUT[what] = LEFT_OUT.get(what, 0) + 1
        if not missing:
            kept.append(item)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker for each arrangement of `test_life`, whose tests share a pod, and for all of those modules
    whose tests share more; any other test is for whoever is free.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByPod(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            if "test_life.py" in nodeid:
                return nodeid.split("[")[-1]
            module = nodeid.partition("::")[0]
            return module if module.endswith(TOGETHER) else nodeid

    return ByPod(config, log) if wanted(config) else None


class Collector:
    """With pytest-xdist every worker leaves out the same tests; the controller hears of them once."""

    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended."""
        LEFT_OUT.update(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_configure(config: pytest.Config) -> None:
    """The hook exists only where pytest-xdist is; workers have nobody to collect from."""
    if config.pluginmanager.hasplugin("xdist") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the controller, where this is a worker."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = LEFT_OUT


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which server it was, and what it could not run."""
    if not wanted(config) or hasattr(config, "workerinput"):
        return
    major, minor = cluster.version()
    terminalreporter.write_line(f"Kubernetes {major}.{minor}")
    for what, count in sorted(LEFT_OUT.items()):
        terminalreporter.write_line(f"left out: {count} tests, which need {what}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Bring the images into the cluster, where a command for that is named; once, before any worker."""
    load = os.environ.get("SIDECAR_TEST_LOAD_IMAGES")
    if load and wanted(session.config) and not hasattr(session.config, "workerinput"):
        subprocess.run([*shlex.split(load), PRODUCT, STAND_IN, KUBERNETES], check=True, timeout=300)


@pytest.fixture(scope="module")
def new_namespace(
    request: pytest.FixtureRequest, leaks: Leaks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Namespace]]:
    """Makes namespaces with a stand-in each, for one module."""
    made: list[Namespace] = []

    def make(*options: str, restricted: bool = False) -> Namespace:
        folder = tmp_path_factory.mktemp("kustomize")
        namespace = Namespace(
            folder, lambda text: leaks.printed(request.node.nodeid, text), restricted=restricted
        )
        made.append(namespace)
        namespace.stand_in(*options)
        return namespace

    yield make
    for namespace in made:
        leaks.issued(namespace.secrets())
        namespace.close()


@pytest.fixture(scope="session")
def node() -> Callable[..., None]:
    """Disturbs the node, by the command that the environment names."""
    command = shlex.split(os.environ[NODE])

    def disturb(*arguments: str) -> None:
        subprocess.run([*command, *arguments], check=True, timeout=120)

    return disturb

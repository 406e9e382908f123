"""What every test shares: the search for leaked secrets over all output of the run."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod
from tests.engines.docker import Engine, engine
from tests.kubernetes_api.server import KubernetesApi
from tests.leaks import Leaks, Summary
from tests.torture import figures

# An example that took its time on a busy machine is no failure: what measures time does so by itself.
settings.register_profile("ours", deadline=None)
settings.load_profile("ours")

LEAKS = Leaks()
SUMMARY = Summary()


@pytest.fixture(scope="session")
def leaks() -> Leaks:
    """Where fixtures say what is secret and what was printed."""
    return LEAKS


@pytest.fixture
def entra(leaks: Leaks) -> Iterator[Emulator]:
    """A stand-in for Entra of one's own."""
    with Emulator() as emulator:
        yield emulator
        leaks.issued(emulator.secrets)


@pytest.fixture
def kubernetes_api(leaks: Leaks) -> Iterator[KubernetesApi]:
    """A stand-in for the API server of Kubernetes."""
    with KubernetesApi() as api:
        yield api
    leaks.issued(api.secrets)


@pytest.fixture
def new_pod(tmp_path: Path, leaks: Leaks, request: pytest.FixtureRequest) -> Iterator[Callable[..., Pod]]:
    """Makes pods with the settings given."""
    made: list[Pod] = []

    def make(**settings: str) -> Pod:
        pod = Pod(tmp_path / f"pod{len(made)}", settings, leaks=leaks, test=request.node.nodeid)
        made.append(pod)
        return pod

    yield make
    for pod in made:
        pod.close()


@pytest.fixture
def docker_engine(request: pytest.FixtureRequest, leaks: Leaks) -> Iterator[Engine]:
    """Containers, volumes and networks of one test."""
    with engine(lambda text: leaks.printed(request.node.nodeid, text)) as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Collect what pytest captured; on CI a skip is a failure, since everything can run there."""
    report = yield
    for _, text in report.sections:
        LEAKS.printed(item.nodeid, text)
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped on CI: {report.longrepr}"
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A secret in any output fails the run, whatever the tests said."""
    SUMMARY.add(LEAKS)
    worker = getattr(session.config, "workeroutput", None)
    if worker is not None:
        worker["leaks"] = vars(SUMMARY)
    elif SUMMARY.found:
        session.exitstatus = LEAKED


LEAKED = 9
"""The exit code when a secret was found: none of pytest's, so that no second run of failed tests hides it."""


class Collector:
    """With pytest-xdist every worker searches its own output; the controller adds them up."""

    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended."""
        told = getattr(node, "workeroutput", {}).get("leaks")
        if told:
            SUMMARY.merge(**told)


_SHELLS_TRAP = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    """A test that leaves a signal ignored would have it ignored by every shell of the tests behind it."""
    before = [signal.getsignal(signum) for signum in _SHELLS_TRAP]
    yield
    assert [signal.getsignal(signum) for signum in _SHELLS_TRAP] == before


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    """A shell can't trap what was ignored when it started, as under nohup or in a background job."""
    for signum in _SHELLS_TRAP:
        if signal.getsignal(signum) is signal.SIG_IGN:
            signal.signal(signum, signal.SIG_DFL)


def pytest_configure(config: pytest.Config) -> None:
    """The hook exists only where pytest-xdist is; workers have nobody to collect from."""
    if config.pluginmanager.hasplugin("xdist") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was searched for and where it was found; never the secret."""
    if not hasattr(terminalreporter.config, "workerinput"):
        figures.count("secrets", "secrets searched for", SUMMARY.secrets)
        figures.count("secrets", "outputs searched", SUMMARY.outputs)
        figures.count("secrets", "outputs with a secret in them", len(SUMMARY.found))
    terminalreporter.write_line(
        f"leak check: {SUMMARY.secrets} secrets searched for in {SUMMARY.outputs} outputs, "
        f"found in {SUMMARY.found or 'none'}"
    )

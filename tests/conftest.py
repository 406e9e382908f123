"""What every test shares: the search for leaked secrets over all output of the run."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests.emulator import Emulator
from tests.leaks import Leaks

LEAKS = Leaks()


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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A secret in any output fails the run, whatever the tests said."""
    found = LEAKS.found()
    if found:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was searched for and where it was found; never the secret."""
    outputs = sum(len(texts) for texts in LEAKS.outputs.values())
    terminalreporter.write_line(
        f"leak check: {len(LEAKS.secrets)} secrets searched for in {outputs} outputs, "
        f"found in {LEAKS.found() or 'none'}"
    )

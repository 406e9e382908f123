"""A pod before the stand-in, on a road that can lead astray, in virtual time."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import time_machine

from tests.emulator import Emulator
from tests.end_to_end.conftest import pod, signed_in
from tests.leaks import Leaks
from tests.torture.faults.doors import HOST, PROXY, Detour, Doors, open_doors
from tests.torture.faults.road import Road
from tests.torture.faults.stack import PacedClock, Stack
from tests.torture.faults.table import Cell
from tests.torture.faults.trial import Trial

__all__ = ["pod", "signed_in"]

START = 1_900_000_000.0
PATIENT_SECONDS, IMPATIENT_SECONDS = 10.0, 0.3
TOKEN_LIFE_SECONDS = 5400
CODE_LIFE_SECONDS = 3 * 3600


@pytest.fixture(scope="session")
def doors() -> Iterator[Doors]:
    """Where connections may lead."""
    with open_doors() as opened:
        yield opened


@pytest.fixture
def try_cell(
    doors: Doors,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    leaks: Leaks,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Trial]]:
    """Makes the trial of a cell."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    # The system's authorities, read anew for every turn, are not asked here.
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)
    with ExitStack() as stack:
        traveller = stack.enter_context(time_machine.travel(START, tick=False))

        def make(cell: Cell, *, log_format: str = "json") -> Trial:
            clock = PacedClock(traveller, START)
            road = Road(doors, clock.now)
            stack.callback(road.closing.set)
            monkeypatch.setattr(socket, "getaddrinfo", road.getaddrinfo)
            fault = cell.row.fault
            if isinstance(fault, Detour) and fault.through_proxy:
                monkeypatch.setenv("HTTPS_PROXY", f"http://{PROXY}:3128")
            entra = stack.enter_context(
                Emulator(
                    hostname=HOST,
                    token_life=TOKEN_LIFE_SECONDS,
                    code_life=CODE_LIFE_SECONDS,
                    interval=5,
                    approve_after=0,
                )
            )
            ca_file = tmp_path / "ca.pem"
            ca_file.write_bytes(entra.ca_file.read_bytes() + doors.ca_pem)
            made = Stack(
                tmp_path,
                entra,
                road,
                clock,
                ca_file,
                IMPATIENT_SECONDS if cell.row.costly else PATIENT_SECONDS,
                log_format=log_format,
                timeout_seconds=CODE_LIFE_SECONDS,
            )
            stack.callback(lambda: leaks.issued(entra.secrets))
            stack.callback(lambda: leaks.printed(request.node.nodeid, made.output.getvalue()))
            return Trial(cell, made)

        yield make

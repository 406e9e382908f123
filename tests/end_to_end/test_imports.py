"""What a turn loads: its imports are most of what it costs."""

from __future__ import annotations

import pytest

from sidecar.arguments import LOOP_FLAGS, parsed
from sidecar.command_line import parser
from tests.emulator import Emulator
from tests.emulator.faults import Status
from tests.end_to_end.one_turn import one_turn
from tests.end_to_end.pod import Pod
from tests.leaks import Leaks

HEAVY = {
    "requests": "MSAL's client of managed identities",
    "urllib3": "the same",
    "charset_normalizer": "the same",
    "asyncio.base_events": "structlog's asynchronous methods",
    "xml.etree.ElementTree": "MSAL's SOAP",
    "argparse": "flags",
    "cryptography": "sealing, without a key",
    "tenacity": "what has failed once",
    "tomllib": "a settings file",
    "zoneinfo": "hours of sign-in",
    "sidecar.core.advice": "what was refused",
    "sidecar.signin": "a prompt",
    "sidecar.core.banner": "a prompt",
    "sidecar.core.kubernetes.objects": "Secrets",
    "sidecar.on_demand": "a turn for serve",
}
"""What a turn that renews has no use for, and whose it is."""


@pytest.fixture(autouse=True)
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts lines in other tests' processes would be among what these load."""
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def imported(pod: Pod, leaks: Leaks) -> set[str]:
    """By one turn that renews."""
    turn = one_turn(pod, leaks, "refresh", "--now", PYTHONPROFILEIMPORTTIME="1")
    assert turn.code == 0, turn.output
    assert turn.records("refresh.succeeded")
    return {line.rpartition("|")[2].strip() for line in turn.output.splitlines() if "import time:" in line}


def test_turn_that_renews_loads_nothing_that_it_does_not_use(signed_in: Pod, leaks: Leaks) -> None:
    """Each of these would be some of what a pod pays, every hour."""
    modules = imported(signed_in, leaks)
    assert {"msal.oauth2cli", "structlog", "msal_extensions"} <= modules
    assert not {name for name in HEAVY if name in modules}


def test_turn_that_needs_them_has_them(signed_in: Pod, leaks: Leaks, entra: Emulator) -> None:
    """A request that fails once is diagnosed and tried again, with the same modules."""
    entra.faults.next("token:refresh_token", Status(503))
    modules = imported(signed_in, leaks)
    assert {"tenacity", "sidecar.core.advice"} <= modules


@pytest.mark.parametrize("flags", [[], ["--now"], ["--first"], ["--first", "--now"]])
def test_loop_is_understood_as_the_parser_would(flags: list[str]) -> None:
    """A turn of the loop does without the parser, whose defaults for settings are those of nothing said."""
    theirs = vars(parser().parse_args(["refresh", *flags]))
    ours = vars(parsed(["refresh", *flags]))
    assert set(flags) <= LOOP_FLAGS
    assert ours == {name: value for name, value in theirs.items() if name in ours}
    assert not any(value for name, value in theirs.items() if name not in ours)

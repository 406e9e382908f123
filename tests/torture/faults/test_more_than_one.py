"""Faults that meet: two at once, and a discovery document that has grown old."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.emulator.faults import Fault, Html, Refuse, Reset, Status
from tests.torture import figures
from tests.torture.faults.doors import Detour
from tests.torture.faults.odd_faults import Rewritten
from tests.torture.faults.rows import AWAY, Outcome, Phase, Row
from tests.torture.faults.table import CELLS, Cell
from tests.torture.faults.test_table import STEP
from tests.torture.faults.trial import HEALED_WITHIN_SECONDS, LASTING_SECONDS, SUITE, Trial

TWO_DAYS = 172800
REVOKED = Refuse(50173)
GATEWAY = Status(503)
WHERE_THERE_IS_NOTHING = Html(404)
UNTRUSTED = (Detour.EXPIRED, Detour.UNTRUSTED, Detour.WRONG_NAME)
"""The one trouble in which no old document is believed."""
FIRST_SIGHT = [cell for cell in CELLS if cell.phase is Phase.DISCOVERY and not cell.row.costly]


@pytest.mark.parametrize("second", [GATEWAY, WHERE_THERE_IS_NOTHING, Reset()], ids=repr)
@pytest.mark.parametrize("first", [REVOKED, GATEWAY, WHERE_THERE_IS_NOTHING], ids=repr)
@pytest.mark.parametrize("kind", ["devicecode", "discovery"])
def test_two_faults_at_once_are_no_flood(
    first: Fault, second: Fault, kind: str, try_cell: Callable[..., Trial]
) -> None:
    """A refused renewal before a device endpoint that is down makes ten requests a minute at most."""
    trial = try_cell(Cell(Row("pair", first, renewal=AWAY), Phase.RENEWAL, AWAY))
    trial.set_scene()
    healed = trial.healed()
    over = trial.strike_for(LASTING_SECONDS)
    trial.stack.entra.faults.always(kind, second, over)
    trial.stack.loop(over - trial.stack.clock.now())
    trial.stack.loop(HEALED_WITHIN_SECONDS, until=healed)
    assert healed(), trial.stack.output.getvalue()
    assert trial.prompts() <= 1
    trial.check_all()
    figures.count(SUITE, "faults: two at once")


@pytest.mark.parametrize("cell", FIRST_SIGHT[:: max(STEP // 2, 1)], ids=str)
def test_document_that_is_old_is_as_good_as_none_is_bad(cell: Cell, try_cell: Callable[..., Trial]) -> None:
    """A fault of discovery does not keep a signed-in pod from its renewal: the old document serves. Only
    one that cannot be used ends the role, and the next start renews; nobody is asked.
    """
    trial = try_cell(cell)
    trial.stack.entra.policy.token_life = TWO_DAYS
    assert trial.stack.signin() == 0
    trial.prompts_before = trial.stack.prompts
    healed = trial.healed()
    trial.strike_once()
    trial.stack.loop(TWO_DAYS * 0.66 + HEALED_WITHIN_SECONDS, until=healed)
    assert healed(), trial.stack.output.getvalue()
    assert trial.prompts() == 0
    if cell.expected.outcome is Outcome.STOPPED:
        assert set(trial.stack.ends) <= {0, 78}
    else:
        assert set(trial.stack.ends) == {0} or cell.row.fault in UNTRUSTED
        assert not trial.told() or cell.row.fault in UNTRUSTED, trial.stack.output.getvalue()
    trial.check_all()
    figures.count(SUITE, "faults: before an old discovery document")


@pytest.mark.parametrize("depth", range(880, 1000, 10))
def test_document_nested_to_any_depth_is_no_crash(depth: int, try_cell: Callable[..., Trial]) -> None:
    """Whatever reads it first, ours or MSAL's, and runs out of its stack."""
    cell = next(cell for cell in FIRST_SIGHT if cell.row.name == "document: nested")
    trial = try_cell(cell)
    deep = b'{"x":' + b"[" * depth + b"]" * depth + b","
    trial.stack.entra.faults.next("discovery", Rewritten(lambda body: deep + body[1:]))
    trial.stack.loop(300, until=lambda: trial.stack.published() is not None)
    assert trial.stack.published() is not None, trial.stack.output.getvalue()

"""Every row of the table in every phase: once, lasting, and before the role `signin`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.torture import figures
from tests.torture.faults.rows import Outcome, Phase
from tests.torture.faults.table import CELLS, ROWS, Cell
from tests.torture.faults.trial import HEALED_WITHIN_SECONDS, LASTING_SECONDS, SUITE, Trial
from tests.torture.scale import scaled

STEP = round(len(CELLS) / scaled(len(CELLS) // 8, len(CELLS)))


def share(start: int) -> list[Cell]:
    """All cells, or every so many of them; shares with other starts have none in common. What takes real
    time is for the full length.
    """
    return [cell for cell in CELLS[start % STEP :: STEP] if STEP == 1 or not cell.row.costly]


def judge(trial: Trial) -> None:
    """What the row says of prompts and of the end of the role."""
    stack, expected = trial.stack, trial.cell.expected
    transient = expected.outcome in (Outcome.UNHARMED, Outcome.RETRIED)
    if transient:
        figures.count(SUITE, "prompts by transient faults", trial.prompts() - trial.prompts_due())
    assert trial.prompts() == trial.prompts_due(), stack.output.getvalue()
    if stack.ends:
        assert (78 in stack.ends) == (expected.outcome is Outcome.STOPPED), stack.ends
    assert trial.told() == (expected.outcome is not Outcome.UNHARMED), stack.output.getvalue()
    trial.check_all()


@pytest.mark.parametrize("cell", share(0), ids=str)
def test_fault_that_strikes_once(cell: Cell, try_cell: Callable[..., Trial]) -> None:
    """One bad answer costs what its row says, and nothing more."""
    trial = try_cell(cell, log_format="console")
    trial.set_scene()
    healed = trial.healed()
    trial.strike_once()
    trial.stack.loop(
        trial.stack.entra.policy.token_life + HEALED_WITHIN_SECONDS + cell.row.patience_seconds, until=healed
    )
    assert healed(), trial.stack.output.getvalue()
    assert len(trial.strikes) == 1
    late = trial.stack.clock.now() - trial.strikes[0]
    assert late <= HEALED_WITHIN_SECONDS + cell.row.patience_seconds
    figures.count(SUITE, "faults: once")
    judge(trial)


@pytest.mark.parametrize("cell", [cell for cell in share(3) if not cell.row.only_once], ids=str)
def test_fault_that_lasts_twenty_minutes(cell: Cell, try_cell: Callable[..., Trial]) -> None:
    """Few requests, no prompt but the row's, the live token stays, and it heals without a person's help."""
    trial = try_cell(cell)
    trial.set_scene(lasting=True)
    healed = trial.healed()
    over = trial.strike_for(LASTING_SECONDS)
    trial.stack.loop(over - trial.stack.clock.now())
    trial.stack.loop(HEALED_WITHIN_SECONDS + cell.row.patience_seconds, until=healed)
    assert healed(), trial.stack.output.getvalue()
    late = trial.stack.clock.now() - over
    assert late <= HEALED_WITHIN_SECONDS + cell.row.patience_seconds
    figures.count(SUITE, "faults: lasting 20 min")
    trial.check_pauses()
    judge(trial)


@pytest.mark.parametrize("cell", share(6), ids=str)
def test_fault_before_the_role_signin(cell: Cell, try_cell: Callable[..., Trial]) -> None:
    """It ends with the row's code, and the next start ends well."""
    trial = try_cell(cell)
    trial.set_scene(left_seconds=30, lasting=True)
    used_up = cell.phase is Phase.POLL and cell.expected.outcome in (Outcome.PROMPTED, Outcome.STOPPED)
    if used_up:
        trial.strike_once()
    else:
        trial.strike_for(LASTING_SECONDS)
    code = trial.stack.signin()
    assert code == cell.expected.code, trial.stack.output.getvalue()
    trial.relent()
    if code:
        assert trial.stack.signin() == 0, trial.stack.output.getvalue()
    assert trial.strikes
    figures.count(SUITE, "faults: before `signin`")
    figures.highest(SUITE, "rows", len(ROWS))
    judge(trial)

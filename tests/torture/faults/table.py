"""All rows, and the cells of the table: a row in one phase."""

from __future__ import annotations

from dataclasses import dataclass

from tests.torture.faults.rows import Expected, Phase, Row
from tests.torture.faults.rows_errors import ERRORS
from tests.torture.faults.rows_http import SHAPES, STATUSES
from tests.torture.faults.rows_network import NETWORK
from tests.torture.faults.rows_tokens import CODES, DOCUMENTS, LIVES, TOKENS

ROWS: list[Row] = [*NETWORK, *STATUSES, *SHAPES, *LIVES, *TOKENS, *CODES, *DOCUMENTS, *ERRORS]


@dataclass(frozen=True)
class Cell:
    """One row in one phase, and what it says there."""

    row: Row
    phase: Phase
    expected: Expected

    def __str__(self) -> str:
        return f"{self.phase.name.lower()}: {self.row.name}"


CELLS = [
    Cell(row, phase, expected)
    for row in ROWS
    for phase in Phase
    if (expected := row.expected(phase)) is not None
]

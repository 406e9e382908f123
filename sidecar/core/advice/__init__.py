"""What each of Entra's error numbers means, who cures it and how: data, by who can help.

Numbers change without notice, so they choose words here; what happens is decided by
`sidecar.core.entra_errors`.
"""

from __future__ import annotations

from sidecar.core.advice import people, policies, registration, weather
from sidecar.core.advice.row import Action, Phase, Row

__all__ = ["BY_NUMBER", "ROWS", "Action", "Phase", "Row"]

ROWS: tuple[Row, ...] = (*policies.ROWS, *people.ROWS, *registration.ROWS, *weather.ROWS)
"""In the order of docs/errors.md."""

BY_NUMBER: dict[int, Row] = {number: row for row in ROWS for number in row.numbers}

"""docs/fleet.md, its chart, and the figures that both are made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fleet.chart import chart
from tests.fleet.scenarios import Figures
from tests.fleet.tables import tables
from tests.tables import filled as markers_filled

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT, FIGURES, CHART = DOCS / "fleet.md", DOCS / "fleet.json", DOCS / "fleet.svg"


def write(figures: Figures, *, today: str) -> None:
    """All three anew; what people wrote in the document stays."""
    kept = {"date": today, **figures}
    FIGURES.write_text(as_text(kept))
    CHART.write_text(chart(kept))
    DOCUMENT.write_text(filled(DOCUMENT.read_text(), kept))


def kept() -> Figures:
    """The figures that the document was made of."""
    found: Any = json.loads(FIGURES.read_text())
    return dict(found)


def as_text(figures: Figures) -> str:
    """One row to a line, so that a change of one figure is one line."""

    def rows(value: Any) -> str:
        if isinstance(value, list):
            return "[\n" + ",\n".join(f"  {json.dumps(row)}" for row in value) + "\n ]"
        return json.dumps(value)

    return "{\n" + ",\n".join(f' "{name}": {rows(value)}' for name, value in figures.items()) + "\n}\n"


def filled(text: str, figures: Figures) -> str:
    """`text` with every table between its markers as the figures have it, and their date."""
    blocks = {table.name: table.markdown() for table in tables(figures)}
    blocks["date"] = (
        f"{figures['pods']:,} pods, seed `{figures['seed']}`, {figures['date']}: `make fleet` prints it anew."
    )
    return markers_filled(text, blocks)

"""docs/benchmarks.md, its chart, docs/cluster-costs.md, and the figures that all of them are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench import account, cluster_tables, tables
from tests.bench.chart import chart
from tests.bench.contender import IMPORT_MSAL, OURS
from tests.bench.limits import Verdict, judge
from tests.bench.tables import Kept, figures_of, kinds_of
from tests.tables import Table, filled, number

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT, COSTS = DOCS / "benchmarks.md", DOCS / "cluster-costs.md"
FIGURES, CHART = DOCS / "benchmarks.json", DOCS / "benchmarks.svg"

UNMEASURED = "Not measured yet: `make bench BENCH=--write`."
NOWHERE = "Nowhere, in what was measured."
CHART_LINE = (
    "![Memory between renewals and CPU of a day: the sidecar beside what people use in its place]"
    "(benchmarks.svg)"
)


def write(figures: Kept) -> None:
    """All anew; what people wrote in the documents stays."""
    FIGURES.write_text(as_text(figures))
    drawn = chart(figures)
    if drawn is not None:
        CHART.write_text(drawn)
    DOCUMENT.write_text(filled(DOCUMENT.read_text(), blocks(figures)))
    COSTS.write_text(filled(COSTS.read_text(), cost_blocks(figures)))


def kept(path: Path = FIGURES) -> dict[str, Any]:
    """The figures that a run left."""
    found: Any = json.loads(path.read_text())
    return dict(found)


def as_text(figures: Kept) -> str:
    """One figure to a line, so that its change is one line."""

    def lines(value: Any, margin: str) -> str:
        if isinstance(value, Mapping) and value:
            inner = [
                f"{margin} {json.dumps(name)}: {lines(each, margin + ' ')}" for name, each in value.items()
            ]
            return "{\n" + ",\n".join(inner) + f"\n{margin}}}"
        if isinstance(value, list) and value:
            return "[\n" + ",\n".join(f"{margin} {json.dumps(row)}" for row in value) + f"\n{margin}]"
        return json.dumps(value)

    return lines(figures, "") + "\n"


def verdicts(figures: Kept) -> list[Verdict]:
    """Of all limits."""
    return judge(figures_of(figures), kinds_of(figures))


def blocks(figures: Kept) -> dict[str, str]:
    """What stands between the markers of docs/benchmarks.md."""
    measured = bool(tables.compared(figures))
    return {
        "place": _place(figures),
        "chart": CHART_LINE if chart(figures) else UNMEASURED,
        "notes": "\n".join(f"- {note}" for note in figures.get("notes", ())),
        "limits": tables.limits(verdicts(figures)).markdown() if measured else UNMEASURED,
        "medians": tables.medians(figures).markdown() if measured else UNMEASURED,
        "better": _or_else(tables.better(figures), NOWHERE) if measured else UNMEASURED,
        "spread": tables.spread(figures).markdown() if measured else UNMEASURED,
        "growth": _or_else(tables.growth(figures)),
        **_turn(figures),
    }


def _turn(figures: Kept) -> dict[str, str]:
    found = figures.get("turn")
    if not found:
        return {"turn": UNMEASURED, "savings": UNMEASURED}
    return {"turn": account.steps(found).markdown(), "savings": account.savings(found).markdown()}


def cost_blocks(figures: Kept) -> dict[str, str]:
    """Those of docs/cluster-costs.md."""
    return {
        "day": _or_else(cluster_tables.day(figures)),
        "cluster": _or_else(cluster_tables.cluster(figures)),
        "probes": cluster_tables.probes().markdown(),
        "peak": _peak(figures),
    }


def _or_else(table: Table | None, words: str = UNMEASURED) -> str:
    return words if table is None else table.markdown()


def _place(figures: Kept) -> str:
    contenders = [f"| {name} | {each['title']} |" for name, each in figures["contenders"].items()]
    place = [f"| {name} | {words} |" for name, words in figures["place"].items()]
    return "\n".join(["| | |", "|---|---|", *place, *contenders])


def _peak(figures: Kept) -> str:
    measured = figures_of(figures)
    ours, reference = (measured.median("turn_peak", who) for who in (OURS, IMPORT_MSAL))
    if ours is None or reference is None:
        return UNMEASURED
    reference_words = f"`import msal` alone {number(reference)} MiB"
    return f"A turn holds {number(ours)} MiB at its peak, {reference_words}."

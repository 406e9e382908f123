"""The figures as tables: plain text in 80 columns, and Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.fleet.scenarios import Figures

NEVER = "never"
HEAD_WIDTH = 5


@dataclass(frozen=True)
class Table:
    """`rows` are words; all columns but the first `left` hold numbers."""

    name: str
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1

    def text(self) -> str:
        """For a terminal: a column is as wide as it has to be, a head is broken at its spaces."""
        cells = [max(len(row[column]) for row in self.rows) for column in range(len(self.heads))]
        heads = [
            textwrap.wrap(head, max(width, HEAD_WIDTH, *map(len, head.split())))
            for head, width in zip(self.heads, cells, strict=True)
        ]
        widths = [max(width, *map(len, head)) for head, width in zip(heads, cells, strict=True)]
        height = max(len(head) for head in heads)
        above = [[""] * (height - len(head)) + head for head in heads]
        lines = [self._line([head[level] for head in above], widths) for level in range(height)]
        lines.append("  ".join("-" * width for width in widths))
        lines += [self._line(row, widths) for row in self.rows]
        return "\n".join([*textwrap.wrap(self.title, 80), "", *lines])

    def markdown(self) -> str:
        """For a document."""
        align = ["---" if column < self.left else "--:" for column in range(len(self.heads))]
        lines = [f"| {' | '.join(self.heads)} |", f"|{'|'.join(align)}|"]
        return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in self.rows)])

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        padded = [
            cell.ljust(width) if column < self.left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()


def tables(figures: Figures) -> list[Table]:
    """All of those whose figures are there."""
    return [made(figures) for part, made in TABLES.items() if part in figures]


def _prompts(figures: Figures) -> Table:
    return Table(
        "prompts",
        "Prompts: at the first rollout, and a day from then on, by the sign-in frequency",
        ("arrangement", "at first", "a day, none", "90 days", "24 hours", "polls /s at first"),
        [
            [
                row["arrangement"],
                number(row["first"]),
                *(number(row[policy]["a_day"]) for policy in ("none", "90 days", "24 hours")),
                number(row["polls"]),
            ]
            for row in figures["prompts"]
        ],
    )


def _starts(figures: Figures) -> Table:
    return Table(
        "starts",
        f"Requests to Entra a second: {figures['pods']:,} pods, each its own sidecar, that start together",
        ("start", "tokens live", "who", "mean", "start, 1 s", "later, 1 s", "10 s", "even after"),
        [
            [
                row["start"],
                row["lives"],
                row["who"],
                number(row["mean"]),
                number(row["start_peak"]),
                number(row["peak"]),
                number(row["peak_10"]),
                NEVER if row["even_after_hours"] is None else f"{row['even_after_hours']} h",
            ]
            for row in figures["starts"]
        ],
        left=3,
    )


def _outage(part: str, title: str, *, expiry: bool) -> Callable[[Figures], Table]:
    """`expiry`: whether the fleet had tokens that could expire."""

    def made(figures: Figures) -> Table:
        heads = ["outage", "who", "mean /s", "peak /s", "after it, 1 s", "10 s"]
        keys = ("mean", "peak", "peak_after", "peak_10_after")
        rows = [[row["outage"], row["who"], *(number(row[key]) for key in keys)] for row in figures[part]]
        if expiry:
            heads += ["tokens expired", "for at most"]
            for row, words in zip(figures[part], rows, strict=True):
                words += [number(row["expired"]), _minutes(row)]
        return Table(part, title, heads, rows, left=2)

    return made


def _shared_outages(figures: Figures) -> Table:
    return Table(
        "shared_outages",
        "Outages of a shared workload: how many of them let a token expire, for all apps at once",
        (
            "away",
            "workloads",
            "whose token expired",
            "for at most",
            "requests a minute for a token",
            "API server: peak /s",
        ),
        [
            [
                row["outage"],
                number(row["workloads"]),
                number(row["expired"]),
                _minutes(row),
                number(row["most_a_minute"]),
                number(row["api_peak"]),
            ]
            for row in figures["shared_outages"]
        ],
    )


def _costs(figures: Figures) -> Table:
    return Table(
        "costs",
        "Requests a day",
        ("arrangement", "sign-ins", "to Entra", "to the API server", "updates to nodes", "starts of Python"),
        [
            [
                row["name"],
                *(number(row[key]) for key in ("signins", "to_entra", "to_api", "carried", "turns")),
            ]
            for row in figures["costs"]
        ],
    )


TABLES: dict[str, Callable[[Figures], Table]] = {
    "prompts": _prompts,
    "starts": _starts,
    "outages": _outage("outages", "Entra away, for a fleet that has run for long", expiry=True),
    "together": _outage("together", "Entra away, and all pods start in its first second", expiry=False),
    "shared_outages": _shared_outages,
    "costs": _costs,
}


def _minutes(row: Figures) -> str:
    return f"{row['longest_seconds'] / 60:.0f} min"


def number(value: float) -> str:
    """As people read it: three digits count."""
    if value and abs(value) < 10:
        return f"{value:.3g}" if value != round(value) else f"{value:.0f}"
    return f"{value:,.0f}"

"""The figures as tables, for a terminal and for documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.bench.contender import IMPORT_MSAL, OURS
from tests.bench.figures import Figures, Summary
from tests.bench.limits import Verdict
from tests.bench.what import UNITS
from tests.tables import Table, number

Kept = Mapping[str, Any]
"""What docs/benchmarks.json holds: `place` and `rows` as `Figures` has them, `contenders` with `title` and
`kind` by name, and the curves of `growth` by weather.
"""

WORDS = {
    "idle_anonymous": "asleep: anonymous",
    "idle_pss": "asleep: PSS alone",
    "idle_pss_beside": "asleep: PSS beside",
    "idle_cpu_day": "asleep: CPU of a day",
    "turn_peak": "a turn: peak",
    "turn_cpu": "a turn: CPU",
    "renewal_peak": "renewal: peak",
    "renewal_cpu": "renewal: CPU",
    "renewal_requests": "renewal: requests",
    "probe_cpu": "probe: CPU",
    "probe_cpu_day": "probes: CPU of a day",
    "restart": "restart to token",
    "approval": "approval to token",
    "fifty_tokens": "fifty tokens",
    "round_trip": "RTT",
    "image": "image",
    "growth_state": "growth: state",
    "growth_tokens": "growth: tokens",
    "growth_log": "growth: log",
}
"""Of every `what`."""

ABSENT = "–"
COUNTED = ("ratio", "requests")
"""Units that the words say already."""

PARTS = (
    ("memory", ("idle_anonymous", "idle_pss", "idle_pss_beside", "renewal_peak")),
    ("cpu", ("renewal_cpu", "renewal_requests", "probe_cpu", "idle_cpu_day")),
    ("waiting", ("restart", "approval", "fifty_tokens", "image")),
    ("turn", ("turn_cpu", "turn_peak")),
)
"""How a terminal of 80 columns takes them in."""


def figures_of(kept: Kept) -> Figures:
    """The measured part."""
    return Figures.from_document({"place": kept["place"], "rows": kept["rows"]})


def kinds_of(kept: Kept) -> dict[str, str]:
    """Contender to kind."""
    return {name: each["kind"] for name, each in kept["contenders"].items()}


def compared(kept: Kept) -> list[str]:
    """Who has figures, in the order of the run."""
    measured = {row["who"] for row in kept["rows"]}
    names = [*kept["contenders"], IMPORT_MSAL]
    return [name for name in names if name in measured]


def medians(kept: Kept) -> Table:
    """A row for each thing, a column for each contender; with the ratio to ours."""

    def cell(row: Summary, ours: Summary | None) -> str:
        if ours is None or row.who == OURS or not ours.median:
            return number(row.median)
        return f"{number(row.median)} ({times(row.median / ours.median)})"

    return _wide("medians", "Medians, and how often ours they are", kept, cell)


def spread(kept: Kept) -> Table:
    """The least and the most, and of how many runs."""
    return _wide(
        "spread",
        "Minimum to maximum (runs)",
        kept,
        lambda row, _ours: f"{number(row.min)} to {number(row.max)} ({row.runs})",
    )


def parts(kept: Kept) -> list[Table]:
    """`medians` for a terminal: contenders below each other."""
    figures, made = figures_of(kept), []
    for name, whats in PARTS:
        there = [what for what in whats if any(figures.row(what, who) for who in compared(kept))]
        if not there:
            continue
        rows = []
        for who in compared(kept):
            found = [figures.row(what, who) for what in there]
            if any(found):
                rows.append([who, *(number(row.median) if row else ABSENT for row in found)])
        heads = [_head(what) for what in there]
        made.append(Table(name, "Medians", ["", *heads], rows))
    return made


def limits(verdicts: Sequence[Verdict]) -> Table:
    """Each limit and what came of it."""
    rows = [
        [
            WORDS[each.limit.what],
            _limit_words(each),
            _with_unit(each.allowed, each.limit.what),
            _with_unit(each.measured, each.limit.what),
            "unknown" if each.verdict == "not measured" else each.verdict,
        ]
        for each in verdicts
    ]
    return Table(
        "limits", "Limits, judged by medians", ("what", "at most", "that is", "ours", ""), rows, left=2
    )


def better(kept: Kept) -> Table | None:
    """Who needs less than ours, of what."""
    figures, rows = figures_of(kept), []
    for what in UNITS:
        ours = figures.row(what, OURS)
        for who in kept["contenders"]:
            row = figures.row(what, who)
            if ours and row and who != OURS and row.median < ours.median:
                rows.append([WORDS[what], UNITS[what], who, number(row.median), number(ours.median)])
    if not rows:
        return None
    return Table(
        "better", "Where somebody needs less", ("what", "unit", "who", "theirs", "ours"), rows, left=3
    )


def growth(kept: Kept) -> Table | None:
    """The curves, each of them after so many renewals."""
    keys = ("state_bytes", "state_files", "token_bytes", "token_files", "log_bytes")
    rows = [
        [weather, f"{point['renewals']:,}", *(f"{point[key]:,}" for key in keys)]
        for weather, points in kept.get("growth", {}).items()
        for point in points
    ]
    if not rows:
        return None
    heads = ("network", "renewals", "state: bytes", "files", "tokens: bytes", "files", "log: bytes a renewal")
    return Table("growth", "What is there after so many renewals", heads, rows)


def times(ratio: float) -> str:
    """Two digits count."""
    return f"{number(ratio) if ratio >= 10 else f'{ratio:.2g}'}×"


def _head(what: str) -> str:
    return WORDS[what] if UNITS[what] in COUNTED else f"{WORDS[what]}, {UNITS[what]}"


def _wide(name: str, title: str, kept: Kept, cell: Callable[[Summary, Summary | None], str]) -> Table:
    figures, names = figures_of(kept), compared(kept)
    rows = []
    for what in UNITS:
        if what == "round_trip":
            continue
        found = [figures.row(what, who) for who in names]
        if any(found):
            ours = figures.row(what, OURS)
            rows.append([_head(what), *(cell(row, ours) if row else ABSENT for row in found)])
    return Table(name, title, ["", *names], rows)


def _limit_words(verdict: Verdict) -> str:
    limit = verdict.limit
    if limit.words:
        return limit.words
    if not limit.of:
        return _with_unit(limit.bound, limit.what)
    if limit.bound == 1:
        return f"below {limit.of}"
    times = f"1/{1 / limit.bound:.0f} of" if limit.bound < 1 else f"{limit.bound} ×"
    return f"{times} {limit.of}" + (f" + {WORDS[limit.plus]}" if limit.plus else "")


def _with_unit(value: float | None, what: str) -> str:
    if value is None:
        return ABSENT
    if UNITS[what] in COUNTED:
        return f"{value:.4g}"
    # More digits than elsewhere: 60.4 is not within 60.
    return f"{value:,.0f} {UNITS[what]}" if value >= 1000 else f"{value:.3g} {UNITS[what]}"

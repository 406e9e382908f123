"""Measures what a sidecar costs, ours and what people use in its place, and holds it against the limits."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench import account, documents, tables
from tests.bench.limits import guarded
from tests.bench.place import engine, place

PARTS = ("containers", "growth")
BROKEN, UNAVAILABLE = 1, os.EX_UNAVAILABLE
COLUMNS = 80
ENDING = (signal.SIGTERM, signal.SIGHUP)
"""By themselves they would leave containers behind; Ctrl-C does not."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, judge; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help="few rounds and contenders; 1 if a ratio is broken"
    )
    parser.add_argument(
        "--write", action="store_true", help="write docs/benchmarks.* and docs/cluster-costs.md"
    )
    parser.add_argument(
        "--only", choices=PARTS, help="this part alone; with --write the other stays as it is"
    )
    parser.add_argument("--contenders", metavar="NAMES", help="these alone, separated by commas")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE", help="figures of an earlier run")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="where figures go as JSON, whatever happens"
    )
    asked = parser.parse_args(arguments)
    if asked.write and asked.short:
        parser.error("documents are written from a full run")
    if asked.source:
        figures = documents.kept(asked.source)
    else:
        if asked.only != "growth" and engine() is None:
            print("No Docker engine answers, and containers are what is measured.", file=sys.stderr)
            return UNAVAILABLE
        from tests.bench.kernel import Unmeasured

        try:
            figures = _measured(asked)
        except Unmeasured as error:
            print(error, file=sys.stderr)
            return UNAVAILABLE
    show(figures)
    if asked.write:
        documents.write(figures)
    return _guard(figures, whole=not (asked.only or asked.contenders)) if asked.short else 0


def show(figures: tables.Kept) -> None:
    """Tables of 80 columns."""
    for name, each in figures["contenders"].items():
        print(f"{name}: {each['title']}")
    for words in figures.get("notes", ()):
        print(textwrap.fill(words, COLUMNS))
    made = [*tables.parts(figures), tables.limits(documents.verdicts(figures))]
    made += [table for table in (tables.better(figures), tables.growth(figures)) if table is not None]
    if found := figures.get("turn"):
        made += [account.steps(found), account.savings(found)]
    for table in made:
        print(f"\n{table.text()}", flush=True)


def _measured(asked: argparse.Namespace) -> dict[str, Any]:
    # These need an engine and what talks to it.
    from tests.bench.run import Measured, how, names_of, run_containers, run_growth

    measured = Measured()
    names = names_of(asked.contenders)
    options = _options(asked)
    command = f"make bench BENCH={shlex.quote(options)}" if options else "make bench"
    where = place(command=command, how=how(short=asked.short))
    try:
        if asked.only != "growth":
            run_containers(measured, names=names, short=asked.short)
        if asked.only != "containers":
            run_growth(measured, short=asked.short)
    finally:
        figures = {
            "place": where,
            "contenders": measured.contenders,
            "notes": measured.notes,
            "rows": [vars(row) for row in measured.rows],
            "growth": measured.growth,
            "turn": measured.turn,
        }
        if asked.keep:
            asked.keep.write_text(documents.as_text(figures))
    if not asked.write:
        return figures
    before = documents.kept()
    return joined(before, figures) if asked.only else figures


def joined(before: tables.Kept, found: tables.Kept) -> dict[str, Any]:
    """`found` is of one part; what it has not is as `before`, and so is where that was measured."""
    containers = bool(found["contenders"])
    has = {(row["what"], row["who"]) for row in found["rows"]}
    rows = [row for row in before["rows"] if (row["what"], row["who"]) not in has]
    if containers:
        rows = [row for row in rows if row["what"].startswith("growth_")]
    date, command = found["place"]["date"], found["place"]["command"]
    place = found["place"] if containers else {**before["place"], "growth": f"{date}, {command}"}
    return {
        **before,
        "place": dict(place),
        "contenders": found["contenders"] or before["contenders"],
        "notes": found["notes"] if containers else before.get("notes", []),
        "rows": [*found["rows"], *rows] if containers else [*rows, *found["rows"]],
        "growth": found["growth"] or before.get("growth", {}),
        "turn": found.get("turn") or before.get("turn", {}),
    }


def _options(asked: argparse.Namespace) -> str:
    return " ".join(
        [
            *(["--short"] if asked.short else []),
            *([f"--only {asked.only}"] if asked.only else []),
            *([f"--contenders {asked.contenders}"] if asked.contenders else []),
            *(["--write"] if asked.write else []),
        ]
    )


def _guard(figures: tables.Kept, *, whole: bool) -> int:
    """Of a whole short run all that is judged must have been measured."""
    judged = guarded(documents.verdicts(figures))
    bad = [each for each in judged if each.guarded == "broken" or (whole and each.guarded == "not measured")]
    for each in bad:
        allowed = "" if each.allowed is None else f", allowed {each.allowed * (each.limit.room or 1):.4g}"
        against = f" (by {each.against or each.limit.of})" if each.limit.of else ""
        measured = "not measured" if each.measured is None else f"{each.measured:g}"
        print(f"broken: {tables.WORDS[each.limit.what]}: {measured}{allowed}{against}", file=sys.stderr)
    return BROKEN if bad else 0


def _end(number: int, _frame: object) -> None:
    # Once: what comes now removes the containers, and takes seconds.
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    for each in ENDING:
        signal.signal(each, _end)
    sys.exit(main())

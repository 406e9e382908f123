"""Prints what a fleet asks of others; `--write` puts it into docs/fleet.*."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.fleet import documents
from tests.fleet.scenarios import PARTS, PODS, SEED, Figures, figures
from tests.fleet.tables import tables


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, simulate, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.fleet", description=__doc__)
    parser.add_argument("--pods", type=int, default=PODS, help="how many (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the figures for programs")
    parser.add_argument("--write", action="store_true", help="write docs/fleet.md, .json and .svg anew")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone; may be repeated")
    asked = parser.parse_args(arguments)
    if asked.write:
        documents.write(figures(), today=datetime.now(UTC).date().isoformat())
        return
    found: Figures = {"pods": asked.pods, "seed": SEED}
    for name in asked.only or PARTS:
        found[name] = PARTS[name](asked.pods)
        if not asked.json:
            for table in tables({"pods": asked.pods, name: found[name]}):
                print(table.text(), end="\n\n", flush=True)
    if asked.json:
        print(documents.as_text(found), end="")


if __name__ == "__main__":
    main()

"""What the suites count, in one table at the end.

Every process appends lines to a file of its own below SIDECAR_TEST_FIGURES, so that workers and killed
children need no lock; without that variable nothing is kept. `python -m tests.torture.figures` prints them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

FOLDER = os.environ.get("SIDECAR_TEST_FIGURES")


def count(suite: str, what: str, number: int = 1) -> None:
    """Add `number` to the sum of `what`; 0 makes it appear."""
    _keep(suite, what, "sum", number)


def highest(suite: str, what: str, number: float) -> None:
    """Keep `number` if it is the highest of `what` so far."""
    _keep(suite, what, "highest", number)


def say(suite: str, what: str, words: str) -> None:
    """A row of words, such as a share or a version; the last one counts."""
    _keep(suite, what, "words", words)


def _keep(suite: str, what: str, kind: str, value: float | str) -> None:
    if FOLDER is None:
        return
    folder = Path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps([suite, what, kind, value]) + "\n")


def table(lines: Iterable[str]) -> str:
    """One row per figure, by suite."""
    found: dict[tuple[str, str], float | str] = {}
    for suite, what, kind, value in map(json.loads, lines):
        before = found.get((suite, what))
        if kind == "sum" and before is not None:
            value += before
        if kind == "highest" and before is not None:
            value = max(value, before)
        found[suite, what] = value
    rows = []
    for suite in sorted({suite for suite, _ in found}):
        rows.append(f"\n{suite}")
        own = {what: value for (other, what), value in found.items() if other == suite}
        width = max(len(what) for what in own)
        rows += [f"  {what:<{width}}  {value}" for what, value in own.items() if isinstance(value, str)]
        rows += [f"  {value:>11,.10g}  {what}" for what, value in own.items() if not isinstance(value, str)]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    files = sorted(Path(sys.argv[1] if len(sys.argv) > 1 else FOLDER or ".").glob("*.jsonl"))
    sys.stdout.write(table(line for file in files for line in file.read_text().splitlines()))

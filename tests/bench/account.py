"""What `tests.bench.rows.account` found, as tables: each step's own share, and each saving's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from tests.tables import Table

Measured = Mapping[str, Sequence[Mapping[str, Any]]]


def steps(found: Measured) -> Table:
    """CPU and memory that each step adds, the sum, and what importing MSAL takes."""
    reference, whole = found["reference"][0], found["steps"][-1]
    start: Mapping[str, Any] = {"cpu_ms": 0, "peak_mib": 0}
    rows = [
        _row(
            each["name"], each["cpu_ms"] - before["cpu_ms"], each["peak_mib"] - before["peak_mib"], reference
        )
        for before, each in pairwise([start, *found["steps"]])
    ]
    rows.append(_row("a turn", whole["cpu_ms"], whole["peak_mib"], reference))
    rows.append(_row("`import msal`", reference["cpu_ms"], reference["peak_mib"], reference))
    return Table("steps", "Where a turn's CPU goes", _HEADS, rows)


def savings(found: Measured) -> Table:
    """What a turn would take more with each of what it does without."""
    reference, (usual, *others) = found["reference"][0], found["savings"]
    rows = [_beyond(usual, each, reference) for each in others]
    return Table("savings", "What a turn would take more with", ("with", *_HEADS[1:]), rows)


_HEADS = ("step", "CPU, ms", "of `import msal`", "peak, MiB")


def _beyond(before: Mapping[str, Any], each: Mapping[str, Any], reference: Mapping[str, Any]) -> list[str]:
    more = {key: each[key] - before[key] for key in ("cpu_ms", "peak_mib")}
    return _row(each["name"], more["cpu_ms"], more["peak_mib"], reference)


def _row(name: str, cpu_ms: float, peak_mib: float, reference: Mapping[str, Any]) -> list[str]:
    share = cpu_ms / reference["cpu_ms"]
    return [name, f"{cpu_ms:.0f}", f"{share:.2f}", f"{peak_mib:.1f}"]

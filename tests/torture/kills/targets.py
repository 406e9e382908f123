"""Which calls of a reference run are to be hit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from tests.torture.kills.strace import Call

Item = TypeVar("Item")

CHANGES = {
    "write",
    "pwrite64",
    "rename",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "symlink",
    "chmod",
    "fchmod",
}
CHANGES |= {"utimensat", "connect", "exit_group"}
"""Calls that change something outside the process; `openat` does if it creates."""


def changes(call: Call) -> bool:
    """Whether the world may be another one behind this call."""
    return call.name in CHANGES or (call.name == "openat" and "O_CREAT" in call.words)


def is_step(call: Call) -> bool:
    """Whether readers or the next turn see another state behind it: a name put in place, the cache."""
    of_cache = any("/private/" in path and "cache" in path for path in call.paths)
    return call.name in ("rename", "symlink") or of_cache


def single_out(runs: Iterable[Sequence[Call]]) -> dict[tuple[str, int], Call]:
    """The calls that strace's counters can name, by (name, ordinal), in the order of the first run that has
    them: of two threads the one that comes first to the same count is hit, and the process is gone.
    """
    found: dict[tuple[str, int], Call] = {}
    for calls in runs:
        for call in calls:
            found.setdefault((call.name, call.ordinal), call)
    return found


def spread(items: Sequence[Item], number: int) -> list[Item]:
    """So many of them, evenly from the first to the last."""
    if number >= len(items):
        return list(items)
    return [items[at * (len(items) - 1) // max(number - 1, 1)] for at in range(number)]

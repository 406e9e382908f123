"""Whom to tell by signal that new tokens are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

COMM_MAX = 15
"""Characters that the kernel keeps of a process's name (proc(5), `/proc/pid/comm`)."""


@dataclass(frozen=True)
class SignalTarget:
    """`signal` without SIG; `target` is a pid, the path of a pid file, a process name, or None for the
    command of `exec`.
    """

    signal: str
    target: str | None


@dataclass(frozen=True)
class Seen:
    """A process as /proc shows it: `comm` is its name there, `program` the first word of its command line."""

    pid: int
    parent: int
    comm: str
    program: str


def topmost(seen: Iterable[Seen], name: str, *, spared: Collection[int]) -> list[int]:
    """The processes of that name but for those `spared`, and for the children of others of that name:
    masters know what to do with their workers.
    """
    found = {
        process.pid: process.parent
        for process in seen
        if process.comm == name[:COMM_MAX] or process.program.rpartition("/")[2] == name
    }
    return sorted(pid for pid, parent in found.items() if parent not in found and pid not in spared)

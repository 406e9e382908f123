"""Whom to tell by signal that new tokens are there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SignalTarget:
    """`signal` without SIG; `target` is a pid, the path of a pid file, a process name, or None for the
    command of `exec`.
    """

    signal: str
    target: str | None

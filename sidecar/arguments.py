"""What the command line says."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

LOOP_FLAGS = {"--now", "--first"}


def parsed(own: Sequence[str]) -> SimpleNamespace:
    """A turn of the loop has no flags but its own: the parser, and what it says of each setting, would be a
    twentieth of what it costs.

    :raises UsageError: the command line is wrong
    """
    if own[:1] == ["refresh"] and set(own[1:]) <= LOOP_FLAGS:
        return SimpleNamespace(role="refresh", now="--now" in own, first="--first" in own, demand=None)
    from sidecar.command_line import parser

    return parser(own).parse_args(own, SimpleNamespace())

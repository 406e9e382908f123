"""Which fields each event is logged with, read from the source."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from sidecar import errors
from sidecar.core.account import Account

SOURCES = Path(__file__).parents[1] / "sidecar"
LOGGING = {"event": 1, "failure": 2, "report": 2}
"""Methods that log, and how many of their arguments stand before the fields."""

NOT_FIELDS = frozenset({"level", "retry_after"})
SPREAD = {
    "labels": frozenset(Account(None, None, None, "").labels),
    "trouble": frozenset({"to", "told", "host", "cause", "tries", "records", "advice"}),
}
"""What stands behind `**account.labels`, and what couriers report."""


def trees() -> list[ast.AST]:
    """Every file of the product."""
    return [ast.parse(path.read_text()) for path in sorted(SOURCES.rglob("*.py"))]


def of_events() -> dict[str, set[str]]:
    """By event: the keywords of every call that logs it."""
    found: dict[str, set[str]] = defaultdict(set)
    for call in _calls():
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in LOGGING or not call.args:
            continue
        for name in _event_names(call.args[0]):
            found[name] |= _keywords(call)
            if LOGGING[call.func.attr] == 2:
                found[name] |= {"message", "advice"}
    return dict(found)


def of_errors() -> set[str]:
    """The fields that errors are made with, beside their message and advice."""
    kinds = {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)
    }
    found = set()
    for call in _calls():
        if isinstance(call.func, ast.Name) and call.func.id in kinds:
            found |= _keywords(call) - {"advice"}
    return found


def _calls() -> Iterable[ast.Call]:
    return (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call))


def _event_names(argument: ast.expr) -> list[str]:
    """A name, or one for each role: `f"{role}.failed"`."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and "." in argument.value:
        return [argument.value]
    if isinstance(argument, ast.IfExp):
        return _event_names(argument.body) + _event_names(argument.orelse)
    if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[-1], ast.Constant):
        end = str(argument.values[-1].value)
        return [f"{role}{end}" for role in ("signin", "refresh")]
    return []


def _keywords(call: ast.Call) -> set[str]:
    named = {keyword.arg for keyword in call.keywords if keyword.arg} - NOT_FIELDS
    for keyword in call.keywords:
        if keyword.arg is None and isinstance(keyword.value, ast.Attribute):
            named |= SPREAD.get(keyword.value.attr, frozenset())
        if keyword.arg is None and isinstance(keyword.value, ast.Name):
            named |= SPREAD.get(keyword.value.id, frozenset())
    return named

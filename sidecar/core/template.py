"""Templates: `{{ token }}`, `{{ graph.expires_on | json }}`. Values of token documents and nothing else.

The delimiter is not `$`, which belongs to nginx, the shell and compose. What stands between the braces is
looked up, never run; a value that was filled in is not looked at again.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from string import Template

from sidecar.core.formats import Document
from sidecar.core.printable import printable
from sidecar.core.token import UNNAMED

MAX_TOLD = 10
"""Mistakes of one file: who mends ten sees the others at the next start."""

MAX_PLACEHOLDERS = 100
"""In one file: with the longest of tokens it stays a file of some megabytes."""

KEYS = frozenset(
    {
        "access_token",
        "token_type",
        "expires_on",
        "refresh_on",
        "scope",
        "resource",
        "tenant_id",
        "client_id",
        "username",
        "object_id",
    }
)
"""Those of `token.json`; `token` is another name of the first."""

MAX_SHOWN = 80
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

_Value = str | int | None


def _text(value: _Value) -> str:
    """A name may hold half of a surrogate pair, which no file can."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode()


def _url(value: _Value) -> str:
    """RFC 3986 section 2.1, of everything but what is unreserved."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in _text(value).encode())


FILTERS: Mapping[str, Callable[[_Value], str]] = {
    "json": json.dumps,
    "base64": lambda value: base64.b64encode(_text(value).encode()).decode(),
    "url": _url,
    "shell": lambda value: shlex.quote(_text(value)),
}


_SYNTAX = r"""
    \{\{(?:
        [ \t]*(?P<escaped>"\{\{")[ \t]*\}\}
      | [ \t]*(?P<braced>[A-Za-z0-9_.-]+(?:[ \t]*\|[ \t]*[A-Za-z0-9_]+)*)[ \t]*\}\}
      | (?P<named>(?!))
      | (?P<invalid>)
    )
"""
_PLACEHOLDER = re.compile(_SYNTAX, re.VERBOSE)


class _Braces(Template):
    """`{{ name | filter }}`; `{{ "{{" }}` is `{{` itself, as in the templates of Helm and Jinja."""

    delimiter = "{{"
    pattern = _SYNTAX  # type: ignore[assignment] # Template compiles it


class _NotThereYet(Exception):
    """A token of that name is wanted, and was not obtained so far."""


class _Values(Mapping[str, str]):
    """What stands between two braces, to its value."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents

    def __getitem__(self, expression: str) -> str:
        name, key, filters = _parsed(expression)
        if name not in self._documents:
            raise _NotThereYet(name)
        value: _Value = self._documents[name].get(key)
        for step in filters:
            value = FILTERS[step](value)
        return _text(value)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def mistakes(text: str, names: Collection[str]) -> list[str]:
    """What is wrong with a template where tokens of these `names` are wanted, each with its line."""
    found = []
    count = 0
    for match in _PLACEHOLDER.finditer(text):
        count += 1
        if match["escaped"] is None and (wrong := _mistake(match["braced"], names)):
            found.append(f"line {text.count(chr(10), 0, match.start()) + 1}: {wrong}")
    if count > MAX_PLACEHOLDERS:
        found.insert(0, f"has {count} values to fill in; {MAX_PLACEHOLDERS} are the most")
    more = [f"and {len(found) - MAX_TOLD} more"] if len(found) > MAX_TOLD else []
    return found[:MAX_TOLD] + more


def lacking(text: str, names: Collection[str]) -> list[str]:
    """The names of the tokens that a sound template needs beside these."""
    expressions = [match["braced"] for match in _PLACEHOLDER.finditer(text) if match["braced"]]
    return sorted({_parsed(expression)[0] for expression in expressions} - set(names))


def render(text: str, documents: Mapping[str, Document]) -> str | None:
    """A sound template filled in; None while a token that it names is not there."""
    try:
        return _Braces(text).substitute(_Values(documents))
    except _NotThereYet:
        return None


def _parsed(expression: str) -> tuple[str, str, list[str]]:
    """Token name, key of its document, filters. Names of tokens may have dots, keys have none."""
    value, *filters = (part.strip(" \t") for part in expression.split("|"))
    name, _, key = value.rpartition(".")
    return name, "access_token" if key == "token" else key, filters


def _mistake(expression: str | None, names: Collection[str]) -> str | None:
    if expression is None:
        return 'a `{{` that nothing sound follows; for two braces themselves write {{ "{{" }}'
    name, key, filters = _parsed(expression)
    told = printable(expression, MAX_SHOWN)
    if key not in KEYS:
        return f"'{told}': there is no such value; there are token, {', '.join(sorted(KEYS))}"
    if name not in names:
        return f"'{told}': {_nameless(name, names)}"
    if unknown := [step for step in filters if step not in FILTERS]:
        shown = printable(unknown[0], MAX_SHOWN)
        return f"'{told}': there is no filter '{shown}'; there are {', '.join(FILTERS)}"
    return None


def _nameless(name: str, names: Collection[str]) -> str:
    known = ", ".join(sorted(each for each in names if each != UNNAMED)) or "none"
    if name == UNNAMED:
        return f"no token is without a name, as SIDECAR_SCOPES is not set; named ones are {known}"
    return f"SIDECAR_TOKENS names none like that; it names {known}"

"""What comes in through a door and what goes out, without a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """`path` is decoded and without the query; `query` has the first value of each name; `headers` have
    names in small letters; `peer` is the address of who connected.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    peer: str = ""


@dataclass(frozen=True)
class Reply:
    """`status` is the number; `headers` come on top of those that every reply carries."""

    status: int
    body: bytes = field(default=b"", repr=False)
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Door = Callable[[Request], Reply]
"""What answers at a path."""


def text(status: int, line: str) -> Reply:
    """One line for people."""
    return Reply(status, f"{line}\n".encode())


def document(status: int, content: Mapping[str, object]) -> Reply:
    """JSON for programs."""
    return Reply(status, json.dumps(content).encode(), "application/json")

"""Choices taken from bytes: the same for the same bytes; when they have come to an end, always the first.

atheris brings the like, but it is not installed where the bounded suite runs.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")

FORGED = "\x1b[2J\r\nforged\u2028\u202e\x9b\x07line"
"""What would clear a terminal, begin a line or turn its direction."""

ODD_NUMBERS: tuple[Any, ...] = (
    *(0, -1, 1, 59, 3600, 2**31, 2**63, 10**10, 1_700_000_000, 1_700_003_600, 10**400, -(10**400)),
    *(0.5, -0.0, 1e300, float("inf"), float("-inf"), float("nan")),
)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, "", " ", "x", "0", "3600", "-5", "1e3", "²", "a.b.c", "\0", FORGED, "\ud800", "é"),
    *(
        *ODD_NUMBERS,
        [],
        [None],
        ["x"],
        {},
        {"x": {}},
        {"": []},
        [[[]]],
        "https://",
        "http://x/y",
        "https://[",
    ),
    *("https://login.example/t/other", "https://a b/c", "x" * 5000, "9" * 5000),
)
DEEP = "[" * 50_000
TORN = (
    b"",
    b"\n",
    b"{",
    b"null",
    b"[]",
    b"5",
    b'""',
    b"{}",
    b"\xff\xfe",
    b"\0" * 64,
    DEEP.encode(),
    b"1e999",
)


class Draws:
    """One input, read from its beginning."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        if limit <= 1:
            return 0
        width = 1 if limit <= 256 else 2 if limit <= 65536 else 4
        return int.from_bytes(self.take(width), "big") % limit

    def one_of(self, choices: Sequence[T]) -> T:
        """One of `choices`; the first at the end of the input."""
        return choices[self.below(len(choices))]

    def sometimes(self, one_in: int = 2) -> bool:
        """Once in `one_in` times; never at the end of the input."""
        return self.below(one_in) == one_in - 1

    def take(self, length: int) -> bytes:
        """The next bytes, fewer at the end."""
        found = self._data[self._at : self._at + length]
        self._at += length
        return found

    def piece(self) -> bytes:
        """Some of the next bytes; one in sixteen is of a kind that breaks readers."""
        kind = self.below(256)
        return TORN[kind % len(TORN)] if kind >= 240 else self.take(kind % 64)

    def text(self) -> str:
        """Any text, lone surrogates included."""
        return self.piece().decode("utf-8", errors="surrogateescape")

    def value(self, depth: int = 2) -> Any:
        """Anything that JSON can say, and what Python's reader takes beyond it."""
        kind = self.below(8 if depth else 6)
        if kind < 4:
            return self.one_of(ODD_VALUES)
        if kind == 4:
            return self.text()
        if kind == 5:
            return int.from_bytes(self.take(6), "big", signed=True)
        if kind == 6:
            return [self.value(depth - 1) for _ in range(self.below(4))]
        return {self.text(): self.value(depth - 1) for _ in range(self.below(4))}

    def mutated(self, document: Any, *, most: int = 4) -> Any:
        """A copy of `document` with up to `most` changes somewhere inside."""
        document = copy.deepcopy(document)
        for _ in range(1 + self.below(most)):
            document = self._changed(document)
        return document

    def torn(self, content: bytes) -> bytes:
        """`content` with some bytes cut out, put in or exchanged."""
        for _ in range(1 + self.below(3)):
            at, kind = self.below(max(len(content), 1)), self.below(5)
            if kind == 0:
                content = content[:at]
            elif kind == 1:
                content = content[:at] + self.piece() + content[at:]
            elif kind == 2:
                content = content[:at] + content[at + 1 + self.below(16) :]
            elif kind == 3:
                content = content[:at] + self.take(1) + content[at + 1 :]
            else:
                content = content[:at] + content
        return content

    def _changed(self, document: Any) -> Any:
        """Walk down at random; where the walk ends something is exchanged, left out or added."""
        if isinstance(document, dict | list) and document and not self.sometimes(6):
            key = self.one_of(list(document) if isinstance(document, dict) else list(range(len(document))))
            kind = self.below(4)
            if kind == 0:
                document[key] = self.value()
            elif kind == 1:
                del document[key]
            else:
                document[key] = self._changed(document[key])
            return document
        kind = self.below(5)
        if kind == 0 and isinstance(document, dict):
            return {**document, self.text(): self.value()}
        if kind == 1 and isinstance(document, str):
            return self.torn(document.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
        if kind == 2:
            return [document]
        if kind == 3:
            return json.dumps(document)
        return self.value()

"""Tables as plain text in 80 columns and as Markdown, and the places in documents where they stand."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HEAD_WIDTH = 5


@dataclass(frozen=True)
class Table:
    """`rows` are words; all columns but the first `left` hold numbers."""

    name: str
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1

    def text(self) -> str:
        """For a terminal: a column is as wide as it has to be, a head is broken at its spaces."""
        cells = [max(len(row[column]) for row in self.rows) for column in range(len(self.heads))]
        heads = [
            textwrap.wrap(head, max(width, HEAD_WIDTH, *map(len, head.split()))) or [""]
            for head, width in zip(self.heads, cells, strict=True)
        ]
        widths = [max(width, *map(len, head)) for head, width in zip(heads, cells, strict=True)]
        height = max(len(head) for head in heads)
        above = [[""] * (height - len(head)) + head for head in heads]
        lines = [self._line([head[level] for head in above], widths) for level in range(height)]
        lines.append("  ".join("-" * width for width in widths))
        lines += [self._line(row, widths) for row in self.rows]
        return "\n".join([*textwrap.wrap(self.title, 80), "", *lines])

    def markdown(self) -> str:
        """For a document."""
        align = ["---" if column < self.left else "--:" for column in range(len(self.heads))]
        lines = [f"| {' | '.join(self.heads)} |", f"|{'|'.join(align)}|"]
        return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in self.rows)])

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        padded = [
            cell.ljust(width) if column < self.left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """`text` with every block between its markers, `<!-- name: begin -->` and `<!-- name: end -->`.

    :raises ValueError: a block has no place
    """
    for name, block in blocks.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"no place for {name}")
        text = f"{before}{begin}\n{block}\n{end}{after}"
    return text


def number(value: float) -> str:
    """As people read it: three digits count."""
    if value and abs(value) < 10:
        return f"{value:.3g}" if value != round(value) else f"{value:.0f}"
    return f"{value:,.0f}"

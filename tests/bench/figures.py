"""What was measured: one summary for each thing and contender, and where it was measured."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Summary:
    """Of repeated runs. The unit is that of `what` (see `tests.bench.limits`)."""

    what: str
    who: str
    runs: int
    min: float
    median: float
    max: float

    @classmethod
    def of(cls, what: str, who: str, samples: Sequence[float]) -> Summary:
        """:raises ValueError: no sample"""
        if not samples:
            raise ValueError(f"{what} of {who} was not measured")
        low, middle, high = min(samples), statistics.median(samples), max(samples)
        return cls(what, who, len(samples), round(low, 3), round(middle, 3), round(high, 3))


@dataclass(frozen=True)
class Figures:
    """`place` has what a reader needs to judge the figures: date, machine, engine, versions, command, rounds
    and warm-up, as text by name.
    """

    place: Mapping[str, str]
    rows: Sequence[Summary] = field(default_factory=tuple)

    def median(self, what: str, who: str) -> float | None:
        """None where it was not measured."""
        found = self.row(what, who)
        return None if found is None else found.median

    def row(self, what: str, who: str) -> Summary | None:
        """The same with its spread."""
        return next((row for row in self.rows if (row.what, row.who) == (what, who)), None)

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        return {"place": dict(self.place), "rows": [asdict(row) for row in self.rows]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Figures:
        """What `as_document` gave."""
        return cls(document["place"], tuple(Summary(**row) for row in document["rows"]))


def merged(place: Mapping[str, str], parts: Iterable[Iterable[Summary]]) -> Figures:
    """The parts of one run."""
    return Figures(place, tuple(row for part in parts for row in part))

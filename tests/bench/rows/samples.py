"""What was measured so far, by thing and contender."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import TypeVar

from tests.bench.figures import Summary
from tests.bench.what import UNITS

DAY_SECONDS = 86400.0
PROBES_A_DAY = 8640
T = TypeVar("T")


class Samples:
    """In the order in which they first came."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[float]] = {}

    def add(self, what: str, who: str, *values: float) -> None:
        """:raises LookupError: nothing of that name is measured"""
        if what not in UNITS:
            raise LookupError(f"{what} has no unit")
        if values:
            self._found.setdefault((what, who), []).extend(values)

    def add_all(self, other: Samples) -> None:
        """Those of a round."""
        for (what, who), values in other._found.items():
            self.add(what, who, *values)

    def of(self, what: str, who: str) -> list[float]:
        """Empty where it was not measured."""
        return [*self._found.get((what, who), [])]

    def summaries(self) -> Iterator[Summary]:
        """One for each."""
        for (what, who), values in self._found.items():
            yield Summary.of(what, who, values)


def interleaved(all_of: Sequence[T], rounds: int, seed: int = 20) -> Iterator[tuple[int, T]]:
    """Each once per round, in another order each time; the same orders in every run of the program."""
    chance = Random(seed)
    for number in range(rounds):
        yield from ((number, each) for each in chance.sample(all_of, len(all_of)))


def a_day(seconds: float, window_seconds: float) -> float:
    """What takes `seconds` of a window, of a day."""
    return seconds / window_seconds * DAY_SECONDS


def tell(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


def told(rows: Iterable[Summary]) -> Iterator[Summary]:
    """The same, each on stderr as it comes."""
    for row in rows:
        spread = f"({row.min:g} … {row.max:g}, {row.runs})"
        tell(f"{row.what:<18} {row.who:<16} {row.median:>10g} {UNITS[row.what]:<9} {spread}")
        yield row

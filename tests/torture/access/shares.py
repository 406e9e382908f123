"""Which of many cases `make test` tries; a full `make torture` tries all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from tests.torture.scale import scaled

T = TypeVar("T")


def share(cases: Iterable[T], bounded: int) -> Sequence[T]:
    """At least `bounded` of them, spread evenly and always the same."""
    every = list(cases)
    wanted = min(scaled(bounded, len(every)), len(every))
    return [every[n * len(every) // wanted] for n in range(wanted)]

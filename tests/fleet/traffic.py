"""Requests by the second."""

from __future__ import annotations

from array import array

START = 1_800_000_000
"""Virtual time begins here: seconds since 1970, like those of real tokens."""

MINUTE, HOUR, DAY = 60, 3600, 86400


class Traffic:
    """What arrived in each of `seconds` seconds from `START` on; what came later is not counted."""

    def __init__(self, seconds: int) -> None:
        self._seconds = array("L", bytes(8 * seconds))
        self.seconds = seconds

    def count(self, at: float) -> None:
        """One request, `at` an instant."""
        second = int(at) - START
        if 0 <= second < self.seconds:
            self._seconds[second] += 1

    def total(self, begin: int = 0, end: int | None = None) -> int:
        """Requests from second `begin` to second `end`."""
        return sum(self._seconds[begin:end])

    def mean(self, begin: int = 0, end: int | None = None) -> float:
        """Requests per second."""
        counted = self._seconds[begin:end]
        return sum(counted) / len(counted)

    def peak(self, begin: int = 0, end: int | None = None, *, window: int = 1) -> float:
        """Requests per second in the worst `window` seconds that begin in the span."""
        return max(self._rates(begin, self.seconds if end is None else end, window), default=0.0)

    def uneven_until(self, begin: int, *, factor: float, window: int = 10) -> int | None:
        """The last second in which a window began that had more than `factor` times the mean of all after
        `begin`; None if there was none.
        """
        limit = factor * self.mean(begin)
        rates = self._rates(begin, self.seconds, window)
        return max((begin + place for place, rate in enumerate(rates) if rate > limit), default=None)

    def add(self, other: Traffic) -> None:
        """That of somebody else, over the same time."""
        for second, requests in enumerate(other._seconds):
            self._seconds[second] += requests

    def steps(self, width: int, *, until: int) -> list[int]:
        """The worst second of each `width` seconds, for a chart."""
        return [max(self._seconds[first : first + width]) for first in range(0, until, width)]

    def _rates(self, begin: int, end: int, window: int) -> list[float]:
        """Of each window that lies in the span."""
        counted = self._seconds[begin:end]
        inside = sum(counted[: window - 1])
        rates = []
        for last in range(window - 1, len(counted)):
            inside += counted[last]
            rates.append(inside / window)
            inside -= counted[last - window + 1]
        return rates

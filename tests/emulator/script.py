"""Which fault strikes which request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.emulator.faults import Fault
from tests.emulator.journal import check_kind, is_of


@dataclass
class _Entry:
    kind: str
    fault: Fault
    left: int | None
    until: float | None


class Faults:
    """The script. A `next` that fits a request comes before any `always`.

    `kind` is a request's (see `journal.Request`); `token` fits every grant and `*` everything.
    Several `next` of one kind strike in the order in which they were given.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []

    def next(self, kind: str, fault: Fault, times: int = 1) -> None:
        """Strike the next `times` requests of `kind`.

        :raises ValueError: there is no such kind
        """
        check_kind(kind)
        with self._lock:
            self._entries.append(_Entry(kind, fault, times, None))

    def always(self, kind: str, fault: Fault, until: float | None = None) -> None:
        """Strike every request of `kind`, to `until` (epoch seconds by the emulator's clock).

        :raises ValueError: there is no such kind
        """
        check_kind(kind)
        with self._lock:
            self._entries.append(_Entry(kind, fault, None, until))

    def clear(self, kind: str | None = None) -> None:
        """Forget the faults of `kind`, or all of them."""
        with self._lock:
            self._entries = [e for e in self._entries if kind is not None and e.kind != kind]

    def pending(self, kind: str = "*") -> int:
        """How many strikes of `next` for `kind` are still to come."""
        with self._lock:
            return sum(e.left or 0 for e in self._entries if is_of(e.kind, kind))

    def take(self, kind: str) -> Fault | None:
        """The fault that strikes a request of `kind` now."""
        with self._lock:
            now = self._now()
            self._entries = [e for e in self._entries if e.until is None or now < e.until]
            fitting = [entry for entry in self._entries if is_of(kind, entry.kind)]
            # False sorts first: counted entries, oldest first, and then the standing ones.
            for entry in sorted(fitting, key=lambda entry: entry.left is None):
                if entry.left is not None:
                    entry.left -= 1
                    if entry.left <= 0:
                        self._entries.remove(entry)
                return entry.fault
            return None

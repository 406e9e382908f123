"""Brings the prompt and its end to a further place, in order, beside the sign-in and never in its way."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

Record = Mapping[str, object]
Trouble = dict[str, object]
"""The fields of `prompt.undelivered`; never a URL's path or query, nor what a receiver said."""

Deliver = Callable[[Record, threading.Event], Trouble | None]
"""Brings one record there, or says why it could not. Gives up as soon as the event is set."""

GIVING_UP_SECONDS = 0.3


class Courier:
    """A `Face`: one daemon thread, begun with the first record."""

    def __init__(self, name: str, deliver: Deliver, undelivered: Callable[[Trouble], None]) -> None:
        """`undelivered` is called in the courier's thread, and never any more once `finish` has returned."""
        self._name = name
        self._deliver = deliver
        self._undelivered = undelivered
        self._records: queue.SimpleQueue[Record] = queue.SimpleQueue()
        self._told_on: dict[int, float] = {}
        """By number, when what has not arrived yet was told, by a clock that does not leap."""
        self._count = 0
        self._change = threading.Condition()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def tell(self, record: Record) -> None:
        """Returns at once."""
        with self._change:
            self._told_on[self._count] = time.monotonic()
            self._count += 1
        self._records.put(record)
        if self._thread is None:
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            with suppress(RuntimeError):  # no thread is to be had: it stays untold
                thread.start()
                self._thread = thread

    def finish(self, seconds: float) -> None:
        """Wait until all has arrived. What was told longer ago than `seconds` is not waited for: a receiver
        that hangs is not worth a person's time.
        """
        try:
            with self._change:
                while self._told_on and self._thread is not None:
                    left = min(self._told_on.values()) + seconds - time.monotonic()
                    if left <= 0 or not self._change.wait(left):
                        break
        finally:  # a signal may have come
            self._over.set()
        if self._told_on and self._thread is not None:
            self._thread.join(GIVING_UP_SECONDS)
        with self._change:
            if self._told_on:
                self._report({"cause": "given up: no time was left", "records": len(self._told_on)})
            self._told_on.clear()

    def _run(self) -> None:
        number = 0
        while not self._over.is_set():
            record = self._records.get()
            try:
                trouble = self._deliver(record, self._over)
            except Exception as error:  # whatever it is: the sign-in goes on
                trouble = {"cause": type(error).__name__}
            with self._change:
                # `finish` tells of what was given up, and of nothing twice.
                if not self._over.is_set() or trouble is None:
                    self._told_on.pop(number, None)
                    if trouble is not None:
                        self._report({"told": record["event"], **trouble})
                    self._change.notify_all()
            number += 1

    def _report(self, trouble: Trouble) -> None:
        with suppress(Exception):
            self._undelivered({"to": self._name, **trouble})

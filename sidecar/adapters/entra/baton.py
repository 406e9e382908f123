"""Who holds the baton may use MSAL: one thread at a time, but never for as long as a request takes.

MSAL makes no promise about threads, and our cache for it has no lock. Its state is read before a request and
changed after one; in between nothing of it is in use, so that another thread may work.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Baton:
    """Not reentrant: who holds it does not take it again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for it, and hold it."""
        self._take()
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """Let others have it meanwhile, if this thread holds it; a thread that does not is alone."""
        if self._holder != threading.get_ident():
            yield
            return
        self._give()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        self._lock.acquire()
        self._holder = threading.get_ident()

    def _give(self) -> None:
        self._holder = None
        self._lock.release()

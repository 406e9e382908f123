"""The emulator's own clock, which a test sets fast, slow or forward."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Epoch seconds of `source`, `offset` seconds off: the skew of a server's clock.

    Everything the emulator dates or lets expire goes by it: the Date header, `iat` and `exp`,
    device codes, refresh tokens.
    """

    def __init__(self, source: Callable[[], float] = time.time, offset: float = 0.0) -> None:
        self._source = source
        self.offset = offset

    def now(self) -> float:
        """Epoch seconds."""
        return self._source() + self.offset

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self.offset += seconds

"""What the probes say, over HTTP."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.core.web import Door, Reply, Request, text
from sidecar.status import Found

Look = Callable[[], Found]
"""What the files say at this moment."""


def readiness(look: Look) -> Door:
    """Whether every judged token lives for SIDECAR_MIN_VALIDITY yet."""

    def answer(_request: Request) -> Reply:
        found = look()
        left = int((found.ready_until or 0) - found.now)
        return text(200, f"ok: ready for {left} s") if left > 0 else text(503, "not ready")

    return answer

"""What the probes say, over HTTP: 200 or 503, and the probe's line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.core import health
from sidecar.core.health import Verdict, Vitals
from sidecar.core.web import Door, Reply, Request, text
from sidecar.status import Found

Look = Callable[[], Found]
"""What the files say at this moment, for the other doors."""


@dataclass(frozen=True)
class Signs:
    """What the files say at this moment; `now` in seconds since 1970, `boot` since the machine started."""

    vitals: Vitals
    filled: bool
    now: float
    boot: float


See = Callable[[], Signs]


def startup(see: See) -> Door:
    """Whether a live token is published."""

    def verdict(signs: Signs) -> Verdict:
        return health.startup(signs.vitals, filled=signs.filled, now=int(signs.now))

    return _door(see, verdict)


def readiness(see: See) -> Door:
    """Whether every judged token lives for SIDECAR_MIN_VALIDITY yet."""

    def verdict(signs: Signs) -> Verdict:
        return health.readiness(signs.vitals, filled=signs.filled, now=int(signs.now))

    return _door(see, verdict)


def liveness(see: See) -> Door:
    """Whether the loop of `refresh` beats; it is not about `serve`, which lives if it answers at all."""

    def verdict(signs: Signs) -> Verdict:
        return health.liveness(signs.vitals, boot=int(signs.boot))

    return _door(see, verdict)


def _door(see: See, verdict: Callable[[Signs], Verdict]) -> Door:
    def answer(_request: Request) -> Reply:
        found = verdict(see())
        return text(200 if found.ok else 503, found.line)

    return answer

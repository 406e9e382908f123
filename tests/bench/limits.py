"""What may be spent, as data, and whether figures keep to it. Medians are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.bench.contender import IMPORT_MSAL, OURS
from tests.bench.figures import Figures

PYTHON = "every Python peer"
AGENT = "oidc-agent"
STAND_IN = "stand-in"
"""Whose `round_trip` is in the figures."""

PROBES_A_DAY = 8640
"""One every ten seconds."""

Kinds = Mapping[str, str]
"""Contender to its kind, as `tests.bench.contender` has it."""


@dataclass(frozen=True)
class Limit:
    """Ours is at most `bound`, in the unit of `what`; or `bound` times that of another."""

    what: str
    bound: float
    of: str = ""
    """A contender, or `PYTHON`: the one that needs least."""
    like: str = ""
    """What of the other is meant, where it is not `what`."""
    scale: float = 1.0
    """From the unit of `like` to that of `what`."""
    plus: str = ""
    """What of the stand-in comes on top."""
    words: str = ""
    """As the limit reads in a table; unset: made of the above."""
    room: float | None = None
    """What CI's guard allows, times the limit: a machine that is shared, and few rounds. None: not judged
    there, since it is a time.
    """


LIMITS = (
    Limit("idle_anonymous", 0.5, room=1.5),
    Limit("idle_pss", 2.5, room=1.5),
    Limit("idle_pss_beside", 1.5, room=1.5),
    Limit("idle_anonymous", 1 / 40, of=PYTHON, room=1.5),
    Limit("idle_pss", 1 / 10, of=PYTHON, room=1.5),
    Limit("idle_anonymous", 1.0, of=AGENT, room=1.5),
    Limit("idle_pss", 1.0, of=AGENT, room=1.5),
    # Beside a second pod too; CI's short run does not look at two of each peer.
    Limit("idle_pss_beside", 1 / 10, of=PYTHON),
    Limit("idle_pss_beside", 1.0, of=AGENT),
    Limit("turn_peak", 1.2, of=IMPORT_MSAL, room=1.25),
    Limit("turn_cpu", 1.5, of=IMPORT_MSAL, room=1.5),
    Limit("renewal_requests", 1, room=1.0),
    Limit("probe_cpu", 3),
    Limit(
        "probe_cpu_day",
        1 / 50,
        of=IMPORT_MSAL,
        like="turn_cpu",
        scale=PROBES_A_DAY / 1000,
        room=3.0,  # five probes of some milliseconds; one that started Python would need five times as much
        words="1/50 of as many import msal",
    ),
    Limit("idle_cpu_day", 3),
    # Of walls, and on a machine that does other things: only what is slow by far is seen in CI.
    Limit("restart", 1.5, of=IMPORT_MSAL, plus="round_trip", room=5.0),
    Limit("approval", 500),
    Limit("image", 60, room=1.1),
    Limit("fifty_tokens", 1000),
    # Flat: counters of the history get a digit or two more, out of some thousand bytes.
    Limit("growth_state", 1.005, room=1.01),
    Limit("growth_tokens", 1.005, room=1.01),
    Limit("growth_log", 1.005, room=1.01),
)


@dataclass(frozen=True)
class Verdict:
    """One limit held against figures. `measured` and `allowed` are in the unit of `limit.what`; None where
    something was not measured.
    """

    limit: Limit
    measured: float | None
    allowed: float | None
    against: str = ""
    """Whose figure the limit is made of."""

    @property
    def verdict(self) -> Literal["met", "broken", "not measured"]:
        """Whether the limit holds."""
        return self._within(1.0)

    @property
    def guarded(self) -> Literal["met", "broken", "not measured"]:
        """Whether it holds with the room that CI allows."""
        return self._within(self.limit.room or 1.0)

    def _within(self, room: float) -> Literal["met", "broken", "not measured"]:
        if self.measured is None or self.allowed is None:
            return "not measured"
        allowed = self.allowed * room
        # "Below oidc-agent" is below.
        beaten = self.measured < allowed if self.limit.of == AGENT else self.measured <= allowed
        return "met" if beaten else "broken"


def judge(figures: Figures, kinds: Kinds) -> list[Verdict]:
    """All limits, in their order."""
    return [_judged(limit, figures, kinds) for limit in LIMITS]


def guarded(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Those that CI judges: ratios, counts and sizes."""
    return [each for each in verdicts if each.limit.room is not None]


def _judged(limit: Limit, figures: Figures, kinds: Kinds) -> Verdict:
    measured = figures.median(limit.what, OURS)
    if not limit.of:
        return Verdict(limit, measured, limit.bound)
    names = [name for name, kind in kinds.items() if kind == "python"] if limit.of == PYTHON else [limit.of]
    what = limit.like or limit.what
    found = {name: value for name in names if (value := figures.median(what, name)) is not None}
    if not found:
        return Verdict(limit, measured, None)
    least = min(found, key=lambda name: found[name])
    on_top = figures.median(limit.plus, STAND_IN) if limit.plus else None
    return Verdict(limit, measured, limit.bound * found[least] * limit.scale + (on_top or 0.0), least)

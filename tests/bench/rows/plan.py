"""How much is measured: at length for the document, or short as a guard."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Rounds beyond those that warm up, which no figure has."""

    lives: int
    warm_up_lives: int
    renewals: int
    """In each life."""
    probes: int
    """In each life, after one that warms up."""
    beside_for_all: bool
    turns: int
    """After one that warms up."""
    fifties: int
    """After one that warms up."""
    idle_windows: int
    """Of one tick of our loop each: 60 s; none leaves idle CPU out."""
    token_life_seconds: int = 4500
    """At Entra 60 to 90 minutes."""


FULL = Plan(
    lives=4, warm_up_lives=1, renewals=2, probes=10, beside_for_all=True, turns=20, fifties=5, idle_windows=5
)
SHORT = Plan(
    lives=1, warm_up_lives=0, renewals=1, probes=5, beside_for_all=False, turns=5, fifties=2, idle_windows=0
)

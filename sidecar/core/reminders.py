"""When an open prompt is spoken of again in a log, where nobody sees a clock run."""

from __future__ import annotations

GAP_SECONDS = 60


def moments(life_seconds: int) -> tuple[int, ...]:
    """Seconds left at which to remind: after a third and two thirds of the code's life, and a minute before
    its end; never closer than a minute to another, or to the banner.
    """
    kept: list[int] = []
    before = life_seconds
    for left in (life_seconds * 2 // 3, life_seconds // 3, GAP_SECONDS):
        if left >= GAP_SECONDS and before - left >= GAP_SECONDS:
            kept.append(left)
            before = left
    return tuple(kept)


def is_due(*, life_seconds: int, left: float, last_left: float) -> bool:
    """Whether to remind now, with `left` seconds to go, if it was last spoken of at `last_left`. What was
    missed, by a machine that was suspended, is not made up for.
    """
    if left <= 0 or last_left - left < GAP_SECONDS:
        return False
    return any(left <= moment < last_left for moment in moments(life_seconds))

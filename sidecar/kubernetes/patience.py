"""A turn that is run again while another replica is at work: what that brings may be all that is needed."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.elsewhere import Elsewhere
from sidecar.errors import LeaseHeld
from sidecar.posix.heart import Heart

POLL_SECONDS = 10


def patiently(work: Callable[[], None], elsewhere: Elsewhere, heart: Heart, *, seconds: float) -> None:
    """Run a turn, and again for `seconds` at most; the loop, which comes again anyway, has none.

    :raises LeaseHeld: the other is still at work
    """
    waited = 0.0
    while True:
        try:
            work()
        except LeaseHeld as held:
            if waited >= seconds:
                raise
            pause = min(held.pause_seconds, POLL_SECONDS)
        else:
            return
        finally:
            elsewhere.close()
        heart.rest(pause)
        waited += pause

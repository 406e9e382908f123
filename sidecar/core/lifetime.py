"""How long a token still lives, whatever the wall clock has done since it was granted."""

from __future__ import annotations

import math
from dataclasses import replace

from sidecar.core.schedule import LEAP_SECONDS, Anchor
from sidecar.core.token import AccessToken

ROUNDING_SECONDS = 1
"""The two clocks are read one after the other, and instants are whole seconds."""


def never_longer(token: AccessToken, *, told_at: Anchor | None, now: Anchor) -> AccessToken:
    """`token`, whose instants are by the wall clock of `told_at`, by the wall clock of `now`; where the
    clocks leave a doubt, with the earlier end.

    - The wall clock was set back: the boot clock knows how much of the life is over.
    - It was set forward: a clock that was wrong has been corrected, or a virtual machine was paused, which
      its boot clock does not count. Nobody can tell which; the instants stay, and the end comes sooner.
    - Since a reboot only the wall clock counts. A token of the future is of unknown age then: it is over.
    """
    if told_at is not None and told_at.boot_id == now.boot_id:
        leap = (now.wall - told_at.wall) - (now.boot - told_at.boot)
        return moved(token, math.floor(leap)) if leap < -ROUNDING_SECONDS else token
    if token.issued_on > now.wall + LEAP_SECONDS:
        return moved(token, math.floor(now.wall) - token.expires_on)
    return token


def moved_between(told_at: Anchor | None, now: Anchor) -> bool:
    """Whether anything but time has moved the wall clock since `told_at`, as far as anybody knows."""
    if told_at is None or told_at.boot_id != now.boot_id:
        return True
    return abs((now.wall - told_at.wall) - (now.boot - told_at.boot)) > ROUNDING_SECONDS


def moved(token: AccessToken, seconds: int) -> AccessToken:
    """The same by a wall clock that is ahead by `seconds`."""
    advised = None if token.refresh_on is None else token.refresh_on + seconds
    return replace(
        token,
        issued_on=token.issued_on + seconds,
        expires_on=token.expires_on + seconds,
        refresh_on=advised,
    )

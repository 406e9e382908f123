"""Who this process is."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """Effective user and group, and the further groups."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()


def own_identity() -> Identity:
    """As the kernel sees it now."""
    return Identity(os.geteuid(), os.getegid(), tuple(os.getgroups()))

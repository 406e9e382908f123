"""What lies outside the two directories: a shared copy of the cache, and copies of what apps read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol


class Elsewhere(Protocol):
    """What custody and turn need of it; used under the lock of the state directory."""

    def fetch(self) -> None:
        """Begin a turn: make the cache file what is shared, if that is newer. Trouble is remembered, and
        raised by `make_room`: what is here can be published all the same.
        """
        ...

    @property
    def adopted_shift(self) -> float | None:
        """By how many seconds instants in what `fetch` brought have to be moved to go by this machine's wall
        clock; None if it has brought nothing.
        """
        ...

    def kept(self) -> None:
        """The cache file was written, with nothing in it that others do not have."""
        ...

    def make_room(self) -> None:
        """Make sure, before a refresh token is used or a person is asked, that nobody else does so now, and
        that what comes of it can be shared.

        :raises ClusterError: it cannot, or somebody else does
        """
        ...

    def saved(self) -> None:
        """The cache file was written: share it. What cannot be shared now is tried again later."""
        ...

    def show(self, contents: Mapping[str, str]) -> None:
        """Copy what readers of the token directory see, by path. What cannot be copied now is tried again
        later.
        """
        ...

    def confirm(self) -> None:
        """Make sure that what was to be shown is.

        :raises ClusterError: some copy is not made yet
        """
        ...

    def withdraw(self) -> None:
        """Take the copies back."""
        ...

    def keep(self) -> None:
        """Called every few seconds while a prompt is open: the turn goes on.

        :raises LeaseHeld: somebody else has taken over
        """
        ...

    @property
    def live_until(self) -> float:
        """When the first copy ends that should live, as far as known; infinity if there is none."""
        ...

    @property
    def look_in_seconds(self) -> float:
        """When the next turn has to look here, whatever else is due."""
        ...

    def close(self) -> None:
        """End a turn: others may go on. Raises nothing."""
        ...


class Nowhere:
    """All is in the two directories."""

    @property
    def live_until(self) -> float:
        """There is no copy."""
        return math.inf

    @property
    def look_in_seconds(self) -> float:
        """There is nothing to look at."""
        return math.inf

    @property
    def adopted_shift(self) -> float | None:
        """Nothing is brought."""
        return None

    def fetch(self) -> None:
        """Nothing is shared."""

    def kept(self) -> None:
        """Nothing is shared."""

    def make_room(self) -> None:
        """Nobody else is there."""

    def saved(self) -> None:
        """Nothing is shared."""

    def show(self, contents: Mapping[str, str]) -> None:
        """Nothing is copied."""

    def confirm(self) -> None:
        """Nothing is copied."""

    def withdraw(self) -> None:
        """Nothing is copied."""

    def keep(self) -> None:
        """Nobody else is there."""

    def close(self) -> None:
        """Nothing is held."""

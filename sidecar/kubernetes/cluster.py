"""What lies outside the pod, as one: the shared state, if there is one, and the Secrets that apps mount."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.elsewhere import Elsewhere


class Cluster:
    """An `Elsewhere` of two, each `Nowhere` if it is not set up."""

    def __init__(self, *, state: Elsewhere, copies: Elsewhere) -> None:
        self._state = state
        self._copies = copies

    def fetch(self) -> None:
        """Take the Lease, and what is shared; take back copies where that is still owed."""
        self._state.fetch()
        self._copies.fetch()

    @property
    def adopted_shift(self) -> float | None:
        """Of the state."""
        return self._state.adopted_shift

    def kept(self) -> None:
        """The cache is as it was."""
        self._state.kept()

    def make_room(self) -> None:
        """Make sure that the Lease is ours."""
        self._state.make_room()
        self._copies.make_room()

    def saved(self) -> None:
        """Share the cache."""
        self._state.saved()
        self._copies.saved()

    def show(self, contents: Mapping[str, str]) -> None:
        """Copy what apps read."""
        self._copies.show(contents)

    def confirm(self) -> None:
        """All copies are made."""
        self._copies.confirm()

    def withdraw(self) -> None:
        """Empty the copies."""
        self._copies.withdraw()

    def keep(self) -> None:
        """Renew the Lease; look after the copies."""
        self._state.keep()
        self._copies.keep()

    @property
    def live_until(self) -> float:
        """Of the copies."""
        return self._copies.live_until

    @property
    def look_in_seconds(self) -> float:
        """Of both."""
        return min(self._state.look_in_seconds, self._copies.look_in_seconds)

    def close(self) -> None:
        """Let go of the Lease."""
        self._state.close()

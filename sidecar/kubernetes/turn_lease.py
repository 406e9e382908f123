"""The Lease that a turn holds from its first use of the refresh token, or of a person, to its end."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress

from sidecar.core.kubernetes import lease as rule
from sidecar.core.kubernetes.lease import Sighting
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import ClusterApi, Lease
from sidecar.errors import ClusterConflict, ClusterError, LeaseHeld
from sidecar.posix.clock import Clock

POLL_SECONDS = 1
ATTEMPTS = 5
"""Each conflict comes of somebody else's write."""


class TurnLease:
    """Made for one turn. `seen` is somebody else's, `holder` who has it as far as known; `behind_since`:
    others have something newer than we. All three outlive it.
    """

    def __init__(
        self, *, api: ClusterApi, name: ObjectName, me: str, clock: Clock, beat: Callable[[], None]
    ) -> None:
        self._api = api
        self._name = name
        self._me = me
        self._clock = clock
        self._beat = beat
        self._ours: Lease | None = None
        self._renewed_at = -math.inf
        self.seen: Sighting | None = None
        self.holder: str | None = None
        self.behind_since: float | None = None
        self.told_serial = 0
        """The serial that it told of when it was read last."""

    @property
    def is_ours(self) -> bool:
        """Whether it was taken and not let go since."""
        return self._ours is not None

    @property
    def age_seconds(self) -> float:
        """Since it was taken or renewed."""
        return self._clock.anchor().boot - self._renewed_at

    def take(self, *, serial: int, rest: Callable[[float], None], patience_seconds: float) -> bool:
        """Take it; wait for somebody else for `patience_seconds` at most. Returns whether its last holder let
        it go as they should, so that what it tells of the state is the last word.

        :raises LeaseHeld: somebody else is at work
        :raises ClusterError: the API does not let us
        """
        waited, attempt = 0.0, 0
        while True:
            self._beat()
            lease = self._api.lease(self._name)
            self.told_serial = rule.serial_of(lease)
            now = self._clock.anchor()
            if not rule.free_for(lease, self._me):
                self.holder = lease.holder
                self.seen = rule.sight(lease, self.seen, now)
                if rule.left_seconds(lease, self.seen, now) > 0:
                    # Whoever has had it for longer is not about to end.
                    if waited >= patience_seconds or now.boot - self.seen.holder_since > patience_seconds:
                        raise rule.held(lease, self.seen, now)
                    rest(POLL_SECONDS)
                    waited += POLL_SECONDS
                    continue
            try:
                self._write(rule.taken(lease, self._me, now=self._clock.now(), serial=serial))
            except ClusterConflict:
                attempt += 1
                if attempt >= ATTEMPTS:
                    raise
                continue
            return not lease.holder

    def leave_to_others(self, *, serial: int) -> None:
        """Let it go if they have something newer than `serial`, and still have time to show it.

        :raises LeaseHeld: it is so
        """
        now = self._clock.anchor()
        self.behind_since = rule.behind_since(
            self.behind_since, told_serial=self.told_serial, claim=serial, now=now
        )
        if rule.has_to_wait(self.behind_since, now):
            self.let_go(serial=serial)
            error = LeaseHeld(f"another replica has a newer state than the Secret {self._name}")
            error.pause_seconds = rule.BEHIND_PAUSE_SECONDS
            raise error

    def renew(self, *, serial: int) -> None:
        """Have it for another duration.

        :raises LeaseHeld: somebody else has taken it, or had it meanwhile
        :raises ClusterError: the API does not let us
        """
        ours = self._ours
        assert ours is not None, "not taken"
        for _ in range(ATTEMPTS):
            self._beat()
            try:
                self._write(rule.renewed(ours, now=self._clock.now(), serial=serial))
            except ClusterConflict:
                present = self._api.lease(self._name)
                if not rule.same_tenure(present, ours):
                    self._ours = None
                    self.holder = present.holder
                    raise LeaseHeld(
                        f"{(present.holder or 'another replica')[:100]} has taken the Lease {self._name} over"
                    ) from None
                ours = present
            else:
                return
        raise ClusterConflict(f"the Lease {self._name} is written by somebody else all the time")

    def release(self, *, serial: int) -> None:
        """Let it go. Nothing else of it is called afterwards.

        :raises ClusterError: it is over by itself after its duration
        """
        ours, self._ours = self._ours, None
        if ours is not None:
            self._api.replace_lease(rule.released(ours, now=self._clock.now(), serial=serial))
            self.holder = None

    def let_go(self, *, serial: int) -> None:
        """The same; where that fails, it is over by itself."""
        with suppress(ClusterError):
            self.release(serial=serial)

    def stay(self, *, serial: int) -> None:
        """Have it for another duration, after the end of the turn.

        :raises ClusterError: somebody else may take it
        """
        if self._ours is not None:
            self._api.replace_lease(rule.renewed(self._ours, now=self._clock.now(), serial=serial))

    def _write(self, lease: Lease) -> None:
        begun = self._clock.anchor().boot  # it counts from before it was sent
        self._beat()
        self._ours = self._api.replace_lease(lease)
        self._renewed_at = begun
        self.seen, self.holder = None, self._me

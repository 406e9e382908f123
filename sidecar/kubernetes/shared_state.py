"""The sealed cache in a Secret, so that the replica which renews may be any, and may be lost.

A turn that only looks costs one request, and no Lease. One that uses the refresh token, or asks a person,
takes the Lease first, and lets it go when what came of it is shared. While it is not, nobody else gets it as
long as we live: the others have an older refresh token.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.envelope import Remembered
from sidecar.core.kubernetes import lease as lease_rule
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import ClusterApi
from sidecar.core.kubernetes.shared_copy import Copy, Step
from sidecar.core.kubernetes.shared_record import Record
from sidecar.elsewhere import Nowhere
from sidecar.errors import ClusterError, LeaseHeld
from sidecar.kubernetes import shared_news
from sidecar.kubernetes.exchange import STOP_SECONDS, Exchange, moved_on
from sidecar.kubernetes.local_copy import LocalCopy
from sidecar.kubernetes.record_file import RecordFile
from sidecar.kubernetes.shared_news import LOOK, TURN
from sidecar.kubernetes.state_secret import StateSecret
from sidecar.kubernetes.turn_lease import TurnLease
from sidecar.posix.clock import Clock
from sidecar.posix.heart import Heart
from sidecar.posix.in_time import in_time
from sidecar.posix.interrupts import Interrupts

LOOK_SECONDS = 300  # or sooner, by place: token Secrets, looked at as often, would end what is later
OWED_SECONDS = 20  # a third of the Lease's duration, which is kept until what is owed has arrived
PATIENCE_SECONDS = 5  # for another replica's turn: most take a second
RELEASE_SECONDS = 0.5


class SharedState(Nowhere):
    """Use it under the lock of the state directory, one turn after the other."""

    def __init__(
        self,
        *,
        api: ClusterApi,
        name: ObjectName,
        replica: str,
        state: StateDirectory,
        look: Callable[[bytes], Remembered],
        clock: Clock,
        heart: Heart,
        interrupts: Interrupts,
        log: Log,
        spread: float = 0.0,
        tells: bool = True,
    ) -> None:
        """`replica` is the name of this pod. `look` reads a cache file. `spread` is this pod's place in its
        fleet, -1 to 1. `tells`: a trouble that the log has is not told again as the turn's.
        """
        self._api = api
        self._name = name
        self._replica = replica
        self._local = LocalCopy(state.cache_file, look=look)
        self._look = look
        self._file = RecordFile(state.path)
        self._clock = clock
        self._heart = heart
        self._interrupts = interrupts
        self._log = log
        self._look_seconds = LOOK_SECONDS * (1 - abs(spread) / 10)
        self._tells = tells
        self._begin(Record())

    def _begin(self, record: Record) -> None:
        self._exchange = Exchange(
            name=self._name,
            record=record,
            secret=StateSecret(api=self._api, name=self._name, look=self._look, beat=self._heart.beat),
            local=self._local,
            clock=self._clock,
            interrupts=self._interrupts,
            log=self._log,
        )
        self._lease = TurnLease(
            api=self._api, name=self._name, me=record.replica, clock=self._clock, beat=self._heart.beat
        )
        lease = self._lease
        lease.seen, lease.holder, lease.behind_since = record.seen, record.holder, record.behind_since
        self._trouble: ClusterError | None = None
        self._soon = math.inf
        self._try_again_at = -math.inf

    @property
    def adopted_shift(self) -> float | None:
        """As the writer's clock and ours tell."""
        return self._exchange.shift

    @property
    def look_in_seconds(self) -> float:
        """Five minutes; sooner in trouble, or while something is owed."""
        pause = self._trouble.pause_seconds if self._trouble else math.inf
        return min(self._look_seconds, self._soon, pause, OWED_SECONDS if self._exchange.owed else math.inf)

    def fetch(self) -> None:
        """Read the Secret; take over what is newer, or share what is owed.

        :raises OSError: the state directory does not take it
        """
        self._begin(self._file.read(self._name, self._replica))
        exchange, secret, where = self._exchange, self._exchange.secret, LOOK
        try:
            copy = secret.read(known=exchange.record.remote)
            shared_news.set_aside(self._name, secret.damaged, self._local, self._log)
            if secret.missing is not None:
                if exchange.owed:
                    self._take(0)  # or it would run out, and others use a refresh token that is spent
                raise secret.missing
            where = TURN
            self._compare(copy)
        except LeaseHeld as held:
            self._soon = held.pause_seconds
        except ClusterError as error:
            self._in_trouble(error, where=where)
        else:
            self._recovered(LOOK)
            exchange.record = replace(exchange.record, looked=self._clock.anchor())
        self._keep_record()

    def kept(self) -> None:
        """Nothing more is owed for the file that was written anew."""
        self._exchange.kept()
        self._keep_record()

    def make_room(self) -> None:
        """Take the Lease, or see to it that it lasts for a request and its save.

        :raises LeaseHeld: another replica is at work, or has been since `fetch`
        :raises ClusterError: the Lease cannot be had, or what is shared cannot be read
        """
        if self._trouble is not None and not self._goes_on_without():
            raise self._trouble
        try:
            if not self._lease.is_ours:
                self._take(PATIENCE_SECONDS)
            # Also of one that was taken just now: the machine may have stood still since.
            if self._lease.age_seconds > lease_rule.DURATION_SECONDS - lease_rule.NEEDED_SECONDS:
                self._lease.renew(serial=self._exchange.claim)
        except LeaseHeld:
            self._lease.let_go(serial=self._exchange.record.serial)
            raise
        except ClusterError as error:
            self._in_trouble(error, where=TURN)
            raise
        else:
            if self._trouble is None and not self._exchange.owed:
                self._recovered(TURN)
        finally:
            self._keep_record()

    def saved(self) -> None:
        """Share the file."""
        try:
            self._share()
        except LeaseHeld as held:
            self._soon = held.pause_seconds
        except ClusterError as error:
            self._in_trouble(error, where=TURN)
        self._keep_record()

    def keep(self) -> None:
        """Renew the Lease of a turn that lasts, and share what is owed.

        :raises LeaseHeld: somebody else has taken it
        """
        now = self._clock.anchor().boot
        if not self._lease.is_ours or now < self._try_again_at:
            return
        try:
            if self._lease.age_seconds >= lease_rule.RENEW_SECONDS:
                self._lease.renew(serial=self._exchange.claim)
            if self._exchange.owed:
                self._share()
        except LeaseHeld:
            raise
        except ClusterError as error:
            # A person may be typing the code. Whoever can take the Lease meanwhile ends this prompt.
            self._try_again_at = now + lease_rule.RENEW_SECONDS
            self._in_trouble(error, where=TURN)
        self._keep_record()

    def close(self) -> None:
        """Let the Lease go; keep it while something is owed."""
        if not self._exchange.record.replica:
            return  # the turn ended before it looked
        if self._lease.is_ours and not self._exchange.abandoned:
            seconds = RELEASE_SECONDS if self._interrupts.came else STOP_SECONDS
            with suppress(ClusterError, TimeoutError, RuntimeError):
                in_time(self._end, seconds=seconds)
        self._keep_record()

    def _end(self) -> None:
        if self._exchange.owed:
            self._lease.stay(serial=self._exchange.claim)
        else:
            self._lease.release(serial=self._exchange.record.serial)

    def _take(self, patience_seconds: float) -> None:
        lease, claim = self._lease, self._exchange.claim
        orderly = lease.take(serial=claim, rest=self._heart.rest, patience_seconds=patience_seconds)
        if (not orderly or lease.told_serial > claim) and not self._exchange.secret.is_as_read():
            raise moved_on(self._name)
        lease.leave_to_others(serial=claim)

    def _compare(self, copy: Copy) -> None:
        step = self._exchange.difference(copy)
        if step is Step.SHARE:
            self._share(healing=True)
        elif step is Step.ADOPT:
            with self._interrupts.held():
                self._exchange.adopt(copy)
                self._keep_record()
        elif step is Step.NOTHING and copy.content is not None:
            self._exchange.take_note(copy)

    def _share(self, *, healing: bool = False) -> None:
        if self._exchange.abandoned:
            return
        if not self._lease.is_ours:
            self._take(0)
        filled = self._exchange.share(told_serial=self._lease.told_serial)
        self._recovered(TURN, healed=healing or filled)

    def _goes_on_without(self) -> bool:
        """A Secret that somebody deleted costs no renewal, as long as the Lease is there."""
        missing = self._exchange.secret.missing
        return missing is not None and self._trouble is missing and self._local.content() is not None

    def _recovered(self, where: str, *, healed: bool = False) -> None:
        self._exchange.record = shared_news.recovered(
            self._exchange.record, self._log, where=where, healed=healed
        )

    def _in_trouble(self, error: ClusterError, *, where: str) -> None:
        self._trouble, now = error, self._clock.now()
        self._exchange.record = shared_news.in_trouble(
            self._exchange.record, error, self._log, where=where, now=now
        )
        error.told = self._tells

    def _keep_record(self) -> None:
        lease, exchange = self._lease, self._exchange
        exchange.record = replace(
            exchange.record, seen=lease.seen, holder=lease.holder, behind_since=lease.behind_since
        )
        exchange.settle()
        self._file.write(exchange.record)

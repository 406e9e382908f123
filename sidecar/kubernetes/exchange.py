"""Both sides of what is shared, the Secret and the cache file here, and how one becomes the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from sidecar.adapters.log import Log
from sidecar.core.kubernetes import shared_copy
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.shared_copy import Copy, Step, digest_of
from sidecar.core.kubernetes.shared_record import Record
from sidecar.errors import CacheSealed, ClusterConflict, ClusterError, ClusterUnreachable, LeaseHeld
from sidecar.kubernetes.local_copy import LocalCopy
from sidecar.kubernetes.state_secret import StateSecret
from sidecar.posix.clock import Clock
from sidecar.posix.in_time import in_time
from sidecar.posix.interrupts import Interrupts

STOP_SECONDS = 3.0
"""For a copy under way when TERM comes."""

WRITES = 3


class Exchange:
    """Of one turn. `record` is what is known, and to be kept; `shift` as `Elsewhere.adopted_shift`.
    `abandoned`: a request may still be under way, and nothing more is to be asked.
    """

    def __init__(
        self,
        *,
        name: ObjectName,
        record: Record,
        secret: StateSecret,
        local: LocalCopy,
        clock: Clock,
        interrupts: Interrupts,
        log: Log,
    ) -> None:
        self._name = name
        self.record = record
        self.secret = secret
        self.local = local
        self._clock = clock
        self._interrupts = interrupts
        self._log = log
        self.shift: float | None = None
        self._debt = False
        self.abandoned = False

    @property
    def owed(self) -> bool:
        """Whether there is something here that others do not have."""
        with suppress(OSError):
            digest = self.local.digest()
            return digest is not None and digest != self.record.local
        return False

    @property
    def claim(self) -> int:
        """The serial of what is here, which a Secret that is gone, or not written yet, does not say; or of
        what the Secret holds, which was read and compared.
        """
        return max(self.record.serial + int(self.owed), self.secret.serial)

    def settle(self) -> None:
        """Note whether anything is owed, before the file is written anew for other reasons."""
        self._debt = self.owed

    def kept(self) -> None:
        """The file holds what it held, in another form."""
        if not self._debt:
            self.record = replace(self.record, local=self.local.digest())

    def difference(self, copy: Copy) -> Step:
        """What is to be done about it. A file here that no key opens is left alone."""
        try:
            ours = self.local.opened()
        except CacheSealed:
            return Step.LEAVE
        local = self.local.digest() if ours is not None else None

        def ours_is_newer() -> bool:
            return ours is not None and shared_copy.answered_later(ours, self.secret.opened(copy))

        step = shared_copy.step(copy, local, self.record, ours_is_newer=ours_is_newer)
        if step is Step.ADOPT and ours is not None and shared_copy.loses(ours, self.secret.opened(copy)):
            return Step.SHARE
        return step

    def take_note(self, copy: Copy) -> None:
        """Nothing had to be done."""
        digest = self.local.digest()
        self._agree(copy.serial, remote=copy.digest, local=digest if copy.digest == digest else None)

    def adopt(self, copy: Copy) -> None:
        """Make the file here what others have.

        :raises OSError: the state directory does not take it
        """
        assert copy.content is not None, "there is nothing to adopt"
        told_at, now = self.secret.opened(copy).told_at, self._clock.anchor()
        self.shift = shared_copy.shift_seconds(told_at, copy.written_on, self.record.looked, now)
        self.local.write(copy.content)
        self._agree(copy.serial, remote=copy.digest, local=copy.digest)
        self._log.event("state.adopted", serial=copy.serial, by=copy.written_by)

    def share(self, *, told_serial: int) -> bool:
        """Write what is here, under the Lease, which told of `told_serial`. Whether the others had nothing of
        use before.

        :raises LeaseHeld: somebody has gone on who is right
        :raises ClusterError: it was not written; the file here is as it was
        """
        for _ in range(WRITES):
            copy = self.secret.present()
            if self.secret.missing is not None:
                raise self.secret.missing
            content = self.local.content()
            if content is None:
                return False
            serial = max(copy.serial + 1, self.record.serial + 1, told_serial)
            try:
                self._write(content, serial)
            except ClusterConflict:
                copy = self.secret.read()
                if copy.digest == digest_of(content):  # it had arrived
                    self._agree(copy.serial, remote=copy.digest, local=copy.digest)
                    return False
                if self.difference(copy) is not Step.SHARE:
                    raise moved_on(self._name) from None
            else:
                digest = digest_of(content)
                self._agree(serial, remote=digest, local=digest)
                return copy.content is None
        raise ClusterConflict(f"the Secret {self._name} is written by somebody else all the time")

    def _write(self, content: bytes, serial: int) -> None:
        by, now = self.record.replica, self._clock.now()
        self.abandoned = True  # until it is over: a signal's exception may come in between
        try:
            in_time(
                lambda: self.secret.write(content, serial=serial, by=by, now=now),
                gives_up=self._stopped_for_long(),
            )
        except TimeoutError:
            raise ClusterUnreachable(
                f"TERM came, and the Secret {self._name} was not written in time"
            ) from None
        except ClusterError:
            self.abandoned = False
            raise
        self.abandoned = False

    def _stopped_for_long(self) -> Callable[[float], bool]:
        """`STOP_SECONDS` from the moment that a signal waits."""
        since: list[float] = []

        def gives_up(waited: float) -> bool:
            if self._interrupts.came and not since:
                since.append(waited)
            return bool(since) and waited - since[0] >= STOP_SECONDS

        return gives_up

    def _agree(self, serial: int, *, remote: str | None, local: str | None) -> None:
        """`local` None: it is as it was."""
        record = self.record
        if remote == record.remote and serial <= record.serial and local in (None, record.local):
            return
        self.record = replace(
            record,
            serial=max(serial, record.serial),
            remote=remote,
            local=local or record.local,
            shared_on=int(self._clock.now()),
        )


def moved_on(name: ObjectName) -> LeaseHeld:
    """Another replica was at work since we looked; it is a matter of a moment to look again."""
    error = LeaseHeld(f"another replica has written the Secret {name} meanwhile")
    error.pause_seconds = 1
    return error

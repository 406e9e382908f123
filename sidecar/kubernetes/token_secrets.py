"""The Secrets that apps mount: copies of what readers of the token directory see.

Each is looked at in every turn, with one request, and written with one more if it differs. One that fails
keeps nothing from the others, from the token directory or from the renewal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.kubernetes import token_secret
from sidecar.core.kubernetes.copies import LOOK_SECONDS
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import ClusterApi, Secret
from sidecar.core.kubernetes.token_secret import Edition
from sidecar.elsewhere import Nowhere
from sidecar.errors import ClusterConflict, ClusterError, ClusterUnreachable, ObjectMissing
from sidecar.kubernetes.copy_book import CopyBook
from sidecar.posix.clock import Clock
from sidecar.posix.heart import Heart
from sidecar.posix.interrupts import Interrupts

CONFLICTS_MAX = 3
READ_AGAIN_SECONDS = 30
"""A Secret that was read in this turn is read again after that; a write is refused if it has changed."""

OVERTAKEN_SECONDS = 20
"""Until a Secret is looked at again that had something newer than we."""


class TokenSecrets(Nowhere):
    """Made for one turn. What has to outlive it lies in the state directory."""

    def __init__(
        self,
        *,
        api: ClusterApi,
        names: Sequence[ObjectName],
        owner: str,
        judged: Collection[str],
        state: StateDirectory,
        clock: Clock,
        heart: Heart,
        interrupts: Interrupts,
        log: Log,
        alone: bool = True,
    ) -> None:
        """`owner` is whose Secrets they are (`token_secret.owner_of`); `judged` are the tokens that probes
        ask about: those that are configured. `alone`: whether there is no other replica, which may have
        something newer than this one.
        """
        self._api = api
        self._names = {str(name): name for name in names}
        self._owner = owner
        self._clock = clock
        self._heart = heart
        self._interrupts = interrupts
        self._alone = self._sure = alone
        self._log = log
        self._book = CopyBook(list(self._names), judged=judged, state=state, clock=clock, log=log)
        self._read: dict[str, tuple[Secret, float]] = {}
        self._edition: Edition | None = None
        self._visited = 0.0
        self._obtained = False

    def make_room(self) -> None:
        """The Lease is ours: until the end of the turn nobody else can have anything newer."""
        self._sure = True

    def fetch(self) -> None:
        """Take back what should have been taken back before: the API was away, or we were ended."""
        self._sure = self._alone
        self._visit(self._empty, self._book.owed)

    def saved(self) -> None:
        """What is shown next was obtained just now."""
        self._obtained = True

    def show(self, contents: Mapping[str, str]) -> None:
        """See to it that every Secret has these files."""
        self._edition = token_secret.edition_of(contents)
        self._visit(self._write, self._names)

    def confirm(self) -> None:
        """After `show`: whoever started us waits for an answer, and for no pause of an earlier turn.

        :raises ClusterError: a Secret could not be read or written
        """
        if self._edition is not None:
            self._visit(self._write, self._book.hurry())
        for name in self._book.failing:
            raise self._book.error(name)

    def withdraw(self) -> None:
        """Empty the Secrets; what cannot be emptied now is owed."""
        self._edition = None
        self._book.owe()
        self._visit(self._empty, self._names)

    def keep(self) -> None:
        """While a prompt is open: look after the Secrets as between turns."""
        self._visit(self._empty, self._book.owed)
        again = any(not self._book.waits(name) for name in self._book.failing)
        if self._edition is not None and (again or self._clock.anchor().boot - self._visited >= LOOK_SECONDS):
            self._visit(self._write, self._names)

    @property
    def live_until(self) -> float:
        """As the Secrets were the last time they were read or written."""
        return self._book.expires_on

    @property
    def look_in_seconds(self) -> float:
        """Sooner where something failed."""
        return self._book.look_in_seconds

    def _visit(self, act: Callable[[str], None], names: Collection[str]) -> None:
        """One after the other. Where the API server does not answer, the others do not wait for it too. A
        signal that is held back ends it.
        """
        down: ClusterError | None = None
        for name in self._book.in_turn(names):
            if self._interrupts.pending:
                break
            if self._book.waits(name):
                continue
            try:
                if down is not None:
                    raise ClusterUnreachable(down.message, advice=down.advice)
                self._heart.beat()
                act(name)
            except ClusterError as error:
                self._read.pop(name, None)
                self._book.failed(name, error, asked=down is None)
                down = down or (error if isinstance(error, ClusterUnreachable) else None)
        if act == self._write:
            self._visited = self._clock.anchor().boot
        self._book.keep()

    def _write(self, name: str) -> None:
        edition, now = self._edition, self._clock.now()
        assert edition is not None, "nothing is shown"
        sure, book = self._sure, self._book
        for attempt in range(1, CONFLICTS_MAX + 1):
            secret = self._secret(name)
            known = book[name].person
            if not sure and token_secret.overtaken(secret, edition, known=known, now=now):
                # Who was refused looks again soon: it may have been too late with its Lease.
                book.well(name, secret, retry_on=int(now) + OVERTAKEN_SECONDS if attempt > 1 else 0)
                return
            ours = book[name].keys
            owed = ours if book[name].withdrawal_owed else ()
            wanted = token_secret.written(
                secret, edition, owner=self._owner, now=now, ours=ours, withdrawn=owed
            )
            if wanted is None or self._replaced(name, wanted, last=attempt == CONFLICTS_MAX):
                book.well(name, wanted or secret)
                book.holds(name, edition, written=wanted is not None)
                if self._obtained and (news := token_secret.news(secret, edition)):
                    book.lives(name, min(news.values()) - now)
                return
            sure = False

    def _empty(self, name: str) -> None:
        copy = self._book[name]
        with_nothing = None
        try:
            for attempt in range(1, CONFLICTS_MAX + 1):
                secret = self._secret(name)
                with_nothing = token_secret.emptied(
                    secret, owner=self._owner, now=self._clock.now(), keys=copy.keys, person=copy.person
                )
                if with_nothing is None or self._replaced(name, with_nothing, last=attempt == CONFLICTS_MAX):
                    self._book.well(name, with_nothing or secret)
                    break
        except ObjectMissing:
            pass  # and its content with it
        self._book.settled(name)
        if with_nothing is not None:
            self._log.event("secret.withdrawn", level="warning", secret=name)

    def _secret(self, name: str) -> Secret:
        """As it was read or written a moment ago, else as it is."""
        boot = self._clock.anchor().boot
        secret, read_on = self._read.get(name, (None, 0.0))
        if secret is None or boot - read_on > READ_AGAIN_SECONDS:
            secret = self._api.secret(self._names[name])
            self._read[name] = secret, boot
        return secret

    def _replaced(self, name: str, wanted: Secret, *, last: bool) -> bool:
        """Whether it was written; if not, somebody else has written it since it was read."""
        try:
            stored = self._api.replace_secret(wanted)
        except ClusterConflict:
            self._read.pop(name, None)
            if last:
                raise
            return False
        self._read[name] = stored, self._clock.anchor().boot
        return True

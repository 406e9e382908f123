"""What is known of each Secret, kept in the state directory; the log is told of what has changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.kubernetes import copies as copying
from sidecar.core.kubernetes import token_secret
from sidecar.core.kubernetes.copies import Copy
from sidecar.core.kubernetes.objects import Secret
from sidecar.core.kubernetes.token_secret import Edition
from sidecar.core.schedule import CARRIED_SECONDS, CARRY_SECONDS
from sidecar.errors import ClusterError, SecretNotOurs, SidecarError, of_kind
from sidecar.posix.clock import Clock

JUST_SECONDS = 30
"""What may have passed since a token was granted that was obtained in this turn."""


class CopyBook:
    """Made for one turn, and read when it is first asked: under the lock of the state directory."""

    def __init__(
        self, names: Sequence[str], *, judged: Collection[str], state: StateDirectory, clock: Clock, log: Log
    ) -> None:
        """`names` of Secrets as namespace/name; `judged` are those of tokens that probes ask about."""
        self._names = names
        self._judged = judged
        self._state = state
        self._clock = clock
        self._log = log
        self._copies: dict[str, Copy] | None = None
        self._kept: dict[str, Copy] = {}
        self._errors: dict[str, SidecarError] = {}

    def __getitem__(self, name: str) -> Copy:
        """What is known of one."""
        return self._all()[name]

    @property
    def owed(self) -> list[str]:
        """Those whose withdrawal is."""
        return [name for name, copy in self._all().items() if copy.withdrawal_owed]

    @property
    def failing(self) -> list[str]:
        """Those that could not be read or written the last time."""
        return [name for name, copy in self._all().items() if copy.failures]

    @property
    def expires_on(self) -> int:
        """When the first token of any ends."""
        return min(copy.expires_on for copy in self._all().values())

    @property
    def look_in_seconds(self) -> float:
        """Until the next look, sooner where something failed."""
        now = self._clock.now()
        return min(copying.look_in_seconds(copy, now=now) for copy in self._all().values())

    def in_turn(self, names: Collection[str]) -> list[str]:
        """First those that were well, then whichever waits for longest, or was asked for least often."""
        return sorted(names, key=lambda name: (self[name].retry_on, self[name].failures))

    def waits(self, name: str) -> bool:
        """Whether it is not to be looked at now."""
        return copying.held_back(self[name], now=self._clock.now())

    def hurry(self) -> list[str]:
        """Those that failed in an earlier turn and not in this one: they wait no longer."""
        names = [name for name in self.failing if name not in self._errors]
        for name in names:
            self._all()[name] = replace(self[name], retry_on=0)
        return names

    def error(self, name: str) -> SidecarError:
        """Of a `failing` one; what it was in an earlier turn, as far as that was kept."""
        copy = self[name]
        return self._errors.get(name) or of_kind(copy.kind, copy.error or "failed", retry_after=0)

    def owe(self) -> None:
        """All of them are to be emptied, whatever becomes of this turn."""
        for name, copy in self._all().items():
            self._all()[name] = replace(copy, withdrawal_owed=True, retry_on=0)
        self.keep()

    def settled(self, name: str) -> None:
        """It is emptied, or there is nothing to empty."""
        self._all()[name] = replace(self[name], withdrawal_owed=False)

    def well(self, name: str, secret: Secret, *, retry_on: int = 0) -> None:
        """It was read, or written, and is `secret` now."""
        before = self[name]
        self._errors.pop(name, None)
        expires_on = token_secret.first_expiry(secret, self._judged)
        self._all()[name] = replace(copying.well(before), expires_on=expires_on, retry_on=retry_on)
        if before.trouble is not None:
            self._log.event("secret.recovered", secret=name)

    def holds(self, name: str, edition: Edition, *, written: bool) -> None:
        """It has this edition; whether it was `written` for that."""
        before, now = self[name], self._clock.now()
        self._all()[name] = replace(
            before,
            keys=tuple(sorted({*before.keys, *edition.data})),
            person=edition.person,
            withdrawal_owed=False,
            written_on=int(now) if written else before.written_on,
        )
        if written:
            expiries = edition.expiries
            self._log.event(
                "secret.published",
                secret=name,
                tokens=", ".join(each or "token" for each in expiries),
                expires_in_seconds=int(min(expiries.values(), default=0) - now),
            )

    def lives(self, name: str, seconds: float) -> None:
        """A token that was just obtained lives so long; told once if that is too short to be carried."""
        short = seconds < CARRIED_SECONDS - JUST_SECONDS
        if short and not self[name].short_lived:
            self._log.event(
                "secret.short_lived",
                level="warning",
                secret=name,
                message=f"a new token lives for {int(seconds)} s, and may take {CARRY_SECONDS} s to reach "
                "the apps that mount the Secret",
                advice=f"Let tokens live for {CARRIED_SECONDS} s at least, or give pods whose tokens end so "
                "soon a sidecar of their own.",
            )
        self._all()[name] = replace(self[name], short_lived=short)

    def failed(self, name: str, error: ClusterError, *, asked: bool) -> None:
        """It could not be read or written, or not `asked` for: told once, until that changes."""
        before, now = self[name], self._clock.now()
        self._errors[name] = error
        copy = copying.failed(before, error, now=now, pause_seconds=error.pause_seconds, asked=asked)
        if isinstance(error, SecretNotOurs):  # and nothing in it is
            copy = replace(copy, expires_on=0, keys=(), withdrawal_owed=False)
        self._all()[name] = copy
        if before.trouble != copy.trouble:
            level, pause = "warning" if error.retryable else "error", int(copy.retry_on - now)
            self._log.failure("secret.failed", error, level=level, secret=name, retry_in_seconds=pause)

    def keep(self) -> None:
        """What cannot be written down costs a look after a restart."""
        copies = self._all()
        if copies != self._kept:
            with suppress(OSError):
                self._state.keep_copies(copies)
                self._kept = dict(copies)

    def _all(self) -> dict[str, Copy]:
        if self._copies is None:
            self._kept = self._state.copies()
            self._copies = {name: self._kept.get(name, Copy()) for name in self._names}
        return self._copies

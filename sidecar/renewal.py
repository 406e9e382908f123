"""Renewal of tokens without a person: one request each, then one save and one publication.

At Entra a refresh token may be used by several requests at once, and fifty audiences cost little more time
than one. Elsewhere a use may spend it, and a second use of a spent one may end the sign-in (RFC 9700 section
4.14.2): there one request follows the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Protocol

from sidecar.adapters.log import Log
from sidecar.adapters.retry import persistently, worth_another_try
from sidecar.adapters.side_by_side import side_by_side
from sidecar.core.account import Account, Admission, objection
from sidecar.core.grant import Grant
from sidecar.core.token import AccessToken, Wanted
from sidecar.custody import Custody
from sidecar.errors import (
    AccountRefused,
    AuthorityBusy,
    AuthorityUnreachable,
    SidecarError,
    SigninRequired,
)
from sidecar.posix.heart import Heart
from sidecar.posix.interrupts import Interrupts

SIDE_BY_SIDE = 16
"""Requests at a time, at Entra: few enough for a small container, and for nobody to call it a flood."""

SHORT_PAUSE_SECONDS = 2
"""What a second try within a turn waits for at least, whoever asks for it."""


class RenewingAuthority(Protocol):
    """What a renewal needs of the authority."""

    def prepare(self) -> None:
        """Find out where to ask, if that is not known."""
        ...

    def renew(self, account: Account, scopes: tuple[str, ...]) -> Grant:
        """Use the refresh token."""
        ...

    def reset(self) -> None:
        """Drop what MSAL holds in memory."""
        ...

    def keep_only(self, account: Account) -> None:
        """Remove other accounts from MSAL's cache."""
        ...


@dataclass
class _Batch:
    """What one round has brought, not saved yet."""

    account: Account
    obtained: dict[str, AccessToken] = field(default_factory=dict)


class _TryAgain(AuthorityBusy):
    """Some tokens failed in a way that may pass within seconds."""


class Renewal:
    """Keeps what came of the last try by token name: `renewed`, and until when the authority said then that
    the sign-in lasts (`session_ends_on`), or `failures`.
    """

    def __init__(
        self,
        *,
        authority: RenewingAuthority,
        custody: Custody,
        heart: Heart,
        interrupts: Interrupts,
        wanted: Wanted,
        admission: Admission,
        log: Log,
        width: int = 1,
    ) -> None:
        """`width` is how many renewals may be under way at a time: only one where each use of a refresh token
        spends it.
        """
        self._authority = authority
        self._custody = custody
        self._heart = heart
        self._interrupts = interrupts
        self._wanted = wanted
        self._admission = admission
        self._log = log
        self._width = width
        self.renewed: dict[str, AccessToken] = {}
        self.session_ends_on: dict[str, int | None] = {}
        self.failures: dict[str, SidecarError] = {}

    def run(self, names: Sequence[str], *, attempts: int) -> None:
        """Renew `names`; those that fail for a passing reason are tried up to `attempts` times.

        :raises DirectoryError: what was obtained could not be saved or published; earlier answers are
        :raises AccountRefused: the account is not allowed any more, as the answer shows; nothing of that
            answer is saved or published
        """
        self.failures, self.renewed = {}, {}
        remaining = list(names)
        waited = 0.0
        not_before: dict[str, float] = {}  # who was asked for a longer pause than others holds up nobody

        def one_round() -> None:
            nonlocal remaining
            now = [name for name in remaining if not_before.get(name, 0) <= waited]
            self._round(now)
            for name in now:
                not_before[name] = waited + max(
                    _retry_after(self.failures.get(name, _NO)), SHORT_PAUSE_SECONDS
                )
            remaining = [name for name in remaining if worth_another_try(self.failures.get(name, _NO))]
            if remaining:
                pause = min(not_before[name] for name in remaining) - waited
                raise _TryAgain("some tokens could not be renewed", retry_after=math.ceil(pause))

        def report(_again: BaseException, pause: float) -> None:
            nonlocal waited
            waited += pause
            for name in remaining:
                if not_before[name] <= waited:
                    error = self.failures[name]
                    seconds = round(pause)
                    self._log.failure("refresh.trouble", error, token=name or None, retry_in_seconds=seconds)

        with suppress(_TryAgain):
            persistently(one_round, attempts=attempts, rest=self._heart.rest, before_retry=report)

    def _round(self, names: Sequence[str]) -> None:
        """From the first request until the cache is durable, signals wait: at most one request long. One save
        and one publication for all; a further one only where an answer was taken back.
        """
        account = self._custody.account
        assert account is not None, "somebody has to be signed in"
        self._custody.make_room()
        try:
            self._heart.beat()
            self._authority.prepare()
        except SidecarError as error:
            self.failures.update(dict.fromkeys(names, error))
            return
        with self._interrupts.held():
            batch = _Batch(account)
            try:
                again = self._together(names, batch) if self._width > 1 and len(names) > 1 else names
                for name in again:
                    if self._interrupts.pending:
                        break
                    self._heart.beat()
                    self._custody.elsewhere.make_room()  # many take longer than the room was made for
                    if self._interrupts.pending:
                        break  # TERM waits for one request, the Lease's or this one
                    self._one(name, batch)
            finally:
                # Also without a token that is of use: the answer may have brought a new refresh token.
                if batch.obtained or self._custody.unsaved is not None:
                    self._custody.save(batch.account, batch.obtained)
                    self.renewed.update(batch.obtained)
                    self._custody.publish()

    def _one(self, name: str, batch: _Batch) -> None:
        """One request; what an answer for somebody else brought is taken back."""
        self.failures.pop(name, None)
        before = self._custody.unsaved
        try:
            grant = self._authority.renew(batch.account, self._wanted[name])
        except AccountRefused as error:
            self.failures[name] = error
            self._forget(before)
        except SidecarError as error:
            self.failures[name] = error
        except OSError as error:  # MSAL's lock file
            raise self._custody.cannot_save(error) from error
        else:
            self._take(name, grant, batch)

    def _together(self, names: Sequence[str], batch: _Batch) -> list[str]:
        """The same for several side by side. Returns those to be asked for again, one after the other.

        Which answer brought what cannot be told apart: if one is for somebody else, all are taken back. Where
        one use of a refresh token spends it after all, one is granted and the others are refused: no person
        is asked because of that.
        """
        before, account = self._custody.unsaved, batch.account
        strangers: dict[str, SidecarError] = {}
        granted: dict[str, Grant] = {}
        down: list[AuthorityUnreachable] = []
        answers = side_by_side(
            lambda name: self._authority.renew(account, self._wanted[name]),
            names,
            width=self._width,
            may_begin=lambda: not self._interrupts.pending and (len(down) < self._width or bool(granted)),
            tick=self._heart.beat,
        )
        with closing(answers):  # whatever happens: nobody is at work any more when the cache is saved
            for name, answer in answers:
                self.failures.pop(name, None)
                try:
                    granted[name] = answer.result()
                except AccountRefused as error:
                    strangers[name] = error
                except AuthorityUnreachable as error:
                    self.failures[name] = error
                    down.append(error)
                except SidecarError as error:
                    self.failures[name] = error
                except OSError as error:  # MSAL's lock file
                    raise self._custody.cannot_save(error) from error
        refused = [name for name in names if isinstance(self.failures.get(name), SigninRequired) and granted]
        for name in refused:
            del self.failures[name]
        if strangers:
            self._forget(before)
            self.failures.update(strangers)
            return [*granted, *refused]
        if len(down) >= self._width and not granted and not self._interrupts.pending:
            # Nobody is there: the others would only wait for their time-outs.
            for name in names:
                self.failures.setdefault(name, _alike(down[0]))
        for name in names:
            if name in granted:
                self._take(name, granted[name], batch)
        return refused

    def _take(self, name: str, grant: Grant, batch: _Batch) -> None:
        if refused := objection(grant.account, self._admission):
            batch.obtained.clear()
            self._forget(None)
            raise AccountRefused(f"{refused.message} any more", advice=refused.advice, **grant.account.labels)
        batch.obtained[name], batch.account = grant.token, grant.account
        self.session_ends_on[name] = grant.session_ends_on

    def _forget(self, back_to: str | None) -> None:
        """Nothing of another account stays, in memory either."""
        self._custody.discard(back_to)
        self._authority.reset()


def _retry_after(error: SidecarError) -> int:
    return (isinstance(error, AuthorityBusy) and error.retry_after) or 0


def _alike(error: AuthorityUnreachable) -> AuthorityUnreachable:
    """Told for another token as well: the log has every error object once."""
    return AuthorityUnreachable(error.message, advice=error.advice, **error.fields)


_NO = SidecarError("no failure")

"""Renewal of tokens without a person: one request each, then one save and one publication."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from sidecar.adapters.log import Log
from sidecar.adapters.retry import persistently, worth_another_try
from sidecar.core.account import Account, Admission, objection
from sidecar.core.grant import Grant
from sidecar.core.token import AccessToken, Wanted
from sidecar.custody import Custody
from sidecar.errors import AccountRefused, AuthorityBusy, SidecarError
from sidecar.posix.heart import Heart
from sidecar.posix.interrupts import Interrupts


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
    ) -> None:
        self._authority = authority
        self._custody = custody
        self._heart = heart
        self._interrupts = interrupts
        self._wanted = wanted
        self._admission = admission
        self._log = log
        self.renewed: dict[str, AccessToken] = {}
        self.session_ends_on: dict[str, int | None] = {}
        self.failures: dict[str, SidecarError] = {}

    def run(self, names: Sequence[str], *, attempts: int) -> None:
        """Renew `names`; those that fail for a passing reason are tried up to `attempts` times.

        :raises DirectoryError: what was obtained could not be saved or published; what was obtained for
            other tokens before is
        :raises AccountRefused: the account is not allowed any more, as the answer shows; nothing of that
            answer is saved or published
        """
        self.failures, self.renewed = {}, {}
        remaining = list(names)

        def one_round() -> None:
            nonlocal remaining
            self._round(remaining)
            remaining = [name for name in remaining if worth_another_try(self.failures.get(name, _NO))]
            if remaining:
                pauses = [_retry_after(self.failures[name]) for name in remaining]
                raise _TryAgain("some tokens could not be renewed", retry_after=max(pauses))

        def report(_again: BaseException, pause: float) -> None:
            for name in remaining:
                error = self.failures[name]
                self._log.failure("refresh.trouble", error, token=name or None, retry_in_seconds=round(pause))

        with suppress(_TryAgain):
            persistently(one_round, attempts=attempts, rest=self._heart.rest, before_retry=report)

    def _round(self, names: Sequence[str]) -> None:
        """From the first request until the cache is durable, signals wait: at most one request long."""
        account = self._custody.account
        assert account is not None, "somebody has to be signed in"
        obtained: dict[str, AccessToken] = {}
        self._custody.make_room()
        try:
            self._heart.beat()
            self._authority.prepare()
        except SidecarError as error:
            self.failures.update(dict.fromkeys(names, error))
            return
        with self._interrupts.held():
            try:
                for name in names:
                    if self._interrupts.pending:
                        break
                    self._heart.beat()
                    self.failures.pop(name, None)
                    before = self._custody.unsaved
                    try:
                        grant = self._authority.renew(account, self._wanted[name])
                    except AccountRefused as error:
                        self.failures[name] = error
                        self._forget(before)
                    except SidecarError as error:
                        self.failures[name] = error
                    except OSError as error:  # MSAL's lock file
                        raise self._custody.cannot_save(error) from error
                    else:
                        if refused := objection(grant.account, self._admission):
                            obtained.clear()
                            self._forget(None)
                            raise AccountRefused(
                                f"{refused.message} any more", advice=refused.advice, **grant.account.labels
                            )
                        obtained[name], account = grant.token, grant.account
                        self.session_ends_on[name] = grant.session_ends_on
            finally:
                # Also without a token that is of use: the answer may have brought a new refresh token.
                if obtained or self._custody.unsaved is not None:
                    self._custody.save(account, obtained)
                    self.renewed.update(obtained)
                    self._custody.publish()

    def _forget(self, back_to: str | None) -> None:
        """Nothing of another account stays, in memory either."""
        self._custody.discard(back_to)
        self._authority.reset()


def _retry_after(error: SidecarError) -> int:
    return (isinstance(error, AuthorityBusy) and error.retry_after) or 0


_NO = SidecarError("no failure")

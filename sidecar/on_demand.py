"""A turn for one token that somebody asked for: it is fetched if it is due, and nobody is prompted.

It adds this token, and leaves all else to the loop, whose settings it may not have: other tokens, the probes,
what is said of the sign-in, and an account that is not allowed any more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from sidecar.adapters.state_dir import StateDirectory
from sidecar.core import plan
from sidecar.core.account import objection
from sidecar.core.journal import Journal, bounded
from sidecar.core.plan import Situation
from sidecar.core.schedule import Attempts
from sidecar.custody import Custody
from sidecar.errors import (
    AccountRefused,
    ConfigurationError,
    LeaseHeld,
    NotKept,
    SidecarError,
    SigninRequired,
    of_kind,
)
from sidecar.ledger import Ledger
from sidecar.posix.clock import Clock
from sidecar.posix.directories import cannot_write
from sidecar.renewal import Renewal
from sidecar.role import DEMAND, Rules
from sidecar.upkeep import Upkeep


class OnDemand:
    """Made for one run, under the lock of the state directory."""

    def __init__(
        self,
        *,
        rules: Rules,
        custody: Custody,
        renewal: Renewal,
        ledger: Ledger,
        state: StateDirectory,
        clock: Clock,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        """It is the only token that `rules` want. `keep` has the loop keep it fresh, and is called once it is
        there: what cannot be had must not push out what others use.
        """
        (self._asked,) = rules.wanted
        self._rules = rules
        self._custody = custody
        self._renewal = renewal
        self._ledger = ledger
        self._state = state
        self._clock = clock
        self._keep = keep
        self._upkeep = Upkeep(
            role=DEMAND, rules=rules, custody=custody, renewal=renewal, ledger=ledger, clock=clock
        )

    def run(self) -> None:
        """See to it that the token is published.

        :raises SidecarError: it is not, and why; the log says it, and the journal as far as it has to wait
        """
        try:
            before = self._ledger.journal = self._state.journal()
            self._upkeep.open()
            self._admit()
            try:
                self._ledger.check_clock()
                self._fetch()
            finally:
                self._leave(before)
        except OSError as error:
            failure = cannot_write(error, setting="SIDECAR_STATE_DIR", path=self._state.path)
            self._ledger.report("refresh.failed", failure, level="error")
            raise failure from error
        except NotKept as failure:
            held = isinstance(failure, LeaseHeld)
            event, level = ("lease.held", "info") if held else ("refresh.failed", "error")
            self._ledger.report(event, failure, level=level)
            raise
        except SidecarError as failure:
            # Of this token, not of the whole turn: who asked is told, and nobody has to be woken.
            level = "warning" if isinstance(failure, ConfigurationError) else "info"
            self._ledger.report(
                "refresh.failed",
                failure,
                level=level,
                token=self._asked or None,
                failures=self._attempts().failures,
                on_demand=True,
            )
            raise

    def _admit(self) -> None:
        account = self._custody.account
        if account is None:
            raise SigninRequired("nobody is signed in", advice="Sign in at the prompt of signin or refresh.")
        if refused := objection(account, self._rules.admission):
            raise AccountRefused(
                refused.message,
                advice="Give serve the same SIDECAR_ALLOWED_USERS and SIDECAR_ALLOWED_TENANTS as refresh, "
                "which decides about the sign-in.",
                **account.labels,
            )

    def _fetch(self) -> None:
        try:
            self._custody.publish()
            if plan.due_for_refresh(self._situation(), self._rules.policy):
                self._upkeep.renew([self._asked])
        finally:
            if there := self._is_there():
                self._keep()
        if there:
            return
        if failure := self._renewal.failures.get(self._asked):
            raise failure
        attempts = self._attempts()
        raise of_kind(
            attempts.kind,
            attempts.error or "there is no token yet",
            retry_after=max(int(attempts.retry_on - self._clock.now()), 1),
        )

    def _is_there(self) -> bool:
        token = self._custody.tokens.get(self._asked)
        return token is not None and token.lives(self._clock.now())

    def _attempts(self) -> Attempts:
        return self._ledger.journal.tokens.get(self._asked, Attempts())

    def _situation(self) -> Situation:
        return replace(self._upkeep.situation(), wanted=self._rules.wanted)

    def _leave(self, before: Journal) -> None:
        """Only what this turn knows of; the loop is woken sooner where that is of need, and never later."""
        self._ledger.check_clock()
        journal = bounded(self._ledger.journal)
        wake_on = journal.wake_on
        if journal.renewal_owed and not before.renewal_owed:
            wake_on = int(self._clock.now()) + 1
        elif wake_on is not None and self._asked in self._custody.tokens:
            wake_on = min(wake_on, plan.wake_on(self._situation(), self._rules.policy))
        journal = replace(journal, wake_on=wake_on)
        if journal == before:
            return
        with suppress(OSError):
            self._state.keep_journal(journal)
        if wake_on is not None and wake_on != before.wake_on:
            with suppress(OSError):
                self._state.schedule(wake_on, self._clock.anchor())

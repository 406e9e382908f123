"""One turn: look, decide, renew or sign in, and say when to come back.

Both roles are turns. `signin` wants a token that readiness accepts and waits for a person if need
be; `refresh` wants what the schedule says. Everything between two turns is in files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core import plan, schedule
from sidecar.core.grant import Grant
from sidecar.core.journal import of_wanted
from sidecar.core.signin_hours import inside
from sidecar.core.signin_reason import reason
from sidecar.custody import Custody
from sidecar.early import EarlySignin
from sidecar.errors import AccountRefused, LeaseHeld, NotKept, SidecarError, SigninRequired
from sidecar.ledger import Ledger
from sidecar.posix.clock import Clock
from sidecar.posix.directories import cannot_write
from sidecar.posix.interrupts import Interrupted
from sidecar.renewal import Renewal, RenewingAuthority
from sidecar.role import REFRESH, SIGNIN, Role, Rules
from sidecar.upkeep import Upkeep

if TYPE_CHECKING:
    from sidecar.signin import DeviceSignin


class Turn:
    """Made for one run, under the lock of the state directory."""

    def __init__(
        self,
        *,
        role: Role,
        rules: Rules,
        custody: Custody,
        renewal: Renewal,
        signin: Callable[[], DeviceSignin],
        authority: RenewingAuthority,
        ledger: Ledger,
        state: StateDirectory,
        clock: Clock,
        log: Log,
    ) -> None:
        self._role = role
        self._rules = rules
        self._custody = custody
        self._renewal = renewal
        self._signin = signin
        self._authority = authority
        self._ledger = ledger
        self._state = state
        self._clock = clock
        self._log = log
        self._upkeep = Upkeep(
            role=role, rules=rules, custody=custody, renewal=renewal, ledger=ledger, clock=clock
        )
        self._early = EarlySignin(
            rules=rules,
            custody=custody,
            upkeep=self._upkeep,
            signin=signin,
            ledger=ledger,
            clock=clock,
            log=log,
        )
        self._asked = False

    def run(self, *, at_once: bool = False) -> None:
        """`at_once`: renew whatever the schedule says, and ask whatever the hours are.

        :raises SidecarError: what keeps a token from being live, or from being renewed, now; it is in
            the log, and the next turn is scheduled all the same
        """
        rules = self._rules
        self._ledger.journal = of_wanted(self._state.journal(), rules.wanted, demanded=rules.demanded)
        self._asked = at_once
        retry_in_seconds = None
        crashed = False
        try:
            self._state.close_prompt()
            self._upkeep.open()
            self._custody.follow_clock()
            self._upkeep.withdraw_if_refused()
            self._custody.publish()
            self._ledger.check_clock()
            self._work(at_once=at_once or self._ledger.journal.renewal_owed)
            if self._role is SIGNIN:
                self._custody.elsewhere.confirm()
            if self._role is REFRESH and self._early.is_due():
                self._ask_early()
        except OSError as error:
            retry_in_seconds = schedule.WRITE_RETRY_SECONDS
            failure = cannot_write(error, setting="SIDECAR_STATE_DIR", path=self._state.path)
            self._ledger.report(f"{self._role.name}.failed", failure, level="error")
            raise failure from error
        except LeaseHeld as held:
            retry_in_seconds = held.pause_seconds
            if at_once and self._custody.account is not None:
                self._ledger.owe()
            self._ledger.report("lease.held", held, level="info", retry_in_seconds=retry_in_seconds)
            if self._role is SIGNIN:
                raise
        except SidecarError as failure:
            if isinstance(failure, NotKept):
                retry_in_seconds = failure.pause_seconds
            self._ledger.report(f"{self._role.name}.failed", failure, level="error")
            raise
        except Interrupted:
            raise
        except BaseException:
            # A mistake of ours: without a schedule the shell keeps its distance, 10 s … 300 s.
            crashed = True
            raise
        finally:
            if not crashed:
                self._leave(retry_in_seconds)

    def _work(self, *, at_once: bool) -> None:
        due = self._role.due(self._upkeep.situation(at_once=at_once), self._rules.policy)
        if not due:
            return
        if self._custody.account is not None:
            with suppress(AccountRefused):
                # `signin` renews what apps cannot do without, and leaves the others to `refresh`.
                self._upkeep.renew(due, settles=self._role is REFRESH)
        failures = self._renewal.failures
        if self._custody.account is None:
            nobody = SigninRequired("nobody is signed in", advice="Sign in at the prompt.")
            failures = dict.fromkeys(self._rules.configured, nobody)
            self._ledger.settle()
        refused = [name for name, error in failures.items() if self._upkeep.takes_a_person(name, error)]
        if refused := self._upkeep.worth_a_prompt(refused):
            self._ask_for_signin(refused, failures[refused[0]], at_once=at_once)
        self._raise_what_matters()

    def _ask_for_signin(self, refused: Sequence[str], error: SidecarError, *, at_once: bool) -> None:
        """Prompt for the first token that needs it; its sign-in serves the others as well."""
        name, first = refused[0], self._first()
        if first not in refused and (self._role is SIGNIN or not self._rules.may_prompt):
            # The app can start, and go on, without a further audience; `refresh` will ask for it.
            self._upkeep.put_off(refused)
            return
        if not self._rules.may_prompt:
            self._ledger.report("refresh.signin_required", error, level="error", token=name or None)
            raise error
        if self._must_not_ask():
            self._ledger.wait_for_hours(refused, error, opening_on=self._upkeep.situation().opening_on)
            return
        held_back = schedule.held_back(self._ledger.journal.signin, now=self._clock.now())
        if held_back and self._role is not SIGNIN and not at_once:
            self._ledger.wait_for_prompt(refused)
            return
        self._drop()
        self._custody.rehearse()
        self._ledger.report("refresh.signin_required", error, token=name or None)
        self._ledger.asking(refused, error)
        with suppress(OSError):  # for `status`, and for the next start if this prompt is cut off
            self._state.keep_journal(replace(self._ledger.journal, wake_on=None))
        try:
            self._signin().run(
                self._rules.wanted[name],
                known=self._custody.account,
                attempts=self._attempts_for_a_code(),
                accept=lambda grant: self._accept(name, grant),
                reject=self._drop,
                meanwhile=lambda: self._upkeep.beside_prompt(refused),
                reason=reason(error),
                again=lambda: not self._must_not_ask(),
            )
        except NotKept:
            raise
        except SidecarError as failure:
            self._drop()
            self._ledger.signin_failed(refused, failure, goes_on=self._role is REFRESH)
            if first not in refused:
                return
            raise
        self._upkeep.serve_the_others(refused)

    def _must_not_ask(self) -> bool:
        """At night a prompt would only be shown sixty times to people who are asleep. `signin` is run by
        somebody, and HUP comes from somebody who is there.
        """
        return self._role is REFRESH and not self._asked and not inside(self._rules.hours, self._clock.now())

    def _ask_early(self) -> None:
        """The sign-in is about to end: ask for the next one."""
        name = next(iter(self._rules.wanted))
        if self._early.ask(accept=lambda grant: self._accept(name, grant), drop=self._drop):
            self._upkeep.serve_the_others([])

    def _attempts_for_a_code(self) -> int:
        """A refused renewal stands before each: with a second try in every turn it would be more than ten
        requests a minute.
        """
        again = self._role is REFRESH and self._ledger.journal.signin.failures
        return 1 if again else self._role.attempts

    def _accept(self, name: str, grant: Grant) -> None:
        self._authority.keep_only(grant.account)
        before = self._ledger.journal
        self._ledger.began(ends_on=grant.session_ends_on)  # which the save takes along
        try:
            self._custody.save(grant.account, {name: grant.token})
        except BaseException:
            self._ledger.journal = before
            raise
        self._ledger.obtained(name)
        self._ledger.signed_in()
        self._custody.publish()

    def _drop(self) -> None:
        """Nothing of a refused or unfinished sign-in stays, in memory either."""
        self._custody.discard()
        self._authority.reset()

    def _raise_what_matters(self) -> None:
        """A further audience that fails holds up nothing; the first token's failure is the turn's."""
        failures, first = self._renewal.failures, self._first()
        if first in failures and not self._upkeep.takes_a_person(first, failures[first]):
            raise failures[first]

    def _first(self) -> str:
        return plan.mainstay(self._rules.configured, self._custody.tokens)

    def _leave(self, retry_in_seconds: int | None) -> None:
        """Write down what the next turn and the probes need; what cannot be written costs a turn."""
        self._ledger.check_clock()
        if self._custody.account is not None:
            self._ledger.healed(self._upkeep.situation().wanted)
        situation = self._early.foresee()
        anchor = self._clock.anchor()
        if retry_in_seconds is None:
            look_on = situation.now + self._custody.elsewhere.look_in_seconds
            wake_on = int(min(plan.wake_on(situation, self._rules.policy), look_on))
        else:
            wake_on = int(situation.now) + retry_in_seconds
        if self._ledger.journal.renewal_owed:
            wake_on = min(wake_on, int(situation.now) + (retry_in_seconds or 1))
        journal = replace(self._ledger.journal, anchor=anchor, wake_on=wake_on)
        with suppress(OSError):
            self._custody.tell_probes(self._rules.policy)
        with suppress(OSError):
            self._state.keep_journal(journal)
        with suppress(OSError):
            self._state.schedule(wake_on, anchor)
        self._log.event(
            "refresh.scheduled",
            level="info" if self._role is REFRESH else "debug",
            in_seconds=int(wake_on - situation.now),
        )

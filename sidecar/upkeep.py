"""The upkeep of a signed-in account: its tokens are renewed, beside an open prompt too, and what came of
it is noted; an account that is not allowed any more is given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sidecar.core import plan, schedule, session
from sidecar.core.account import objection
from sidecar.core.plan import Situation
from sidecar.core.session import Session
from sidecar.core.signin_hours import next_opening
from sidecar.custody import Custody
from sidecar.errors import AccountRefused, NotKept, SidecarError, SigninRequired
from sidecar.ledger import Ledger
from sidecar.posix.clock import Clock
from sidecar.renewal import Renewal
from sidecar.role import DEMAND, SIGNIN, Role, Rules


class Upkeep:
    """Made for one turn."""

    def __init__(
        self, *, role: Role, rules: Rules, custody: Custody, renewal: Renewal, ledger: Ledger, clock: Clock
    ) -> None:
        self._role = role
        self._rules = rules
        self._custody = custody
        self._renewal = renewal
        self._ledger = ledger
        self._clock = clock
        self._owed_on: float | None = None

    def open(self) -> None:
        """Open the cache; what another replica has obtained, or was told of the sign-in, is noted.

        :raises CacheSealed, ConfigurationError, DirectoryError: as `Custody.open`
        """
        self._custody.open()
        theirs = self._custody.take_along(self._session)
        if (shift := self._custody.elsewhere.adopted_shift) is not None:
            self._ledger.adopted(self._custody.tokens, theirs, shift=shift)

    def situation(self, *, at_once: bool = False) -> Situation:
        """What there is to decide on, now. Tokens on demand are for `refresh`, once they were obtained: the
        first time is left to whoever asks for them.
        """
        now, cached = self._clock.now(), self._custody.tokens
        others = self._rules.demanded - (cached.keys() if self._role is not SIGNIN else set())
        return Situation(
            now=now,
            wanted={name: scopes for name, scopes in self._rules.wanted.items() if name not in others},
            cached=cached,
            attempts=self._ledger.journal.tokens,
            at_once=at_once,
            # Of the present second: within the hours that is no instant still to come.
            opening_on=next_opening(self._rules.hours, int(now)) if self._rules.may_prompt else 0,
        )

    def renew(self, names: Sequence[str], *, settles: bool = False) -> None:
        """Renew these tokens; failures are noted but for those that a person has to cure, which those of what
        is on demand never are. `settles`: these are all that a leap of the wall clock made uncertain.

        :raises AccountRefused: the answer named an account that is not allowed; it is withdrawn, but not by a
            turn on demand, whose settings may be other ones than the loop's
        :raises NotKept: what was obtained could not be saved or published
        """
        try:
            self._renewal.run(names, attempts=self._rules.tries(self._role))
        except AccountRefused as refused:
            if self._role is not DEMAND:
                self._withdraw(refused)
            raise
        finally:
            if settles and set(names) <= self._renewal.renewed.keys() | self._renewal.failures.keys():
                self._ledger.settle()  # a leap meanwhile is noted below
            for name, token in self._renewal.renewed.items():
                self._ledger.renewed(name, token, session_ends_on=self._renewal.session_ends_on.get(name))
            self._renewal.session_ends_on.clear()
            for name, error in self._renewal.failures.items():
                if isinstance(error, SigninRequired) and name not in self._rules.demanded:
                    self._ledger.refused(name, error)
                else:
                    self._note(name, error)

    def serve_the_others(self, refused: Sequence[str]) -> None:
        """Somebody signed in for the first token of `refused`, which serves the others as well.

        :raises AccountRefused, NotKept: as `renew`
        """
        self._renewal.failures = {}
        attempts = self._ledger.journal.tokens
        others = [
            other
            for other in self.situation().wanted
            if other not in self._custody.tokens
            or other in refused[1:]
            or (other in attempts and attempts[other].failures)
        ]
        if others:
            self.renew(others)

    def beside_prompt(self, refused: Sequence[str]) -> None:
        """Renew what is due but for the tokens `refused`, which wait for a person. Nothing of it ends the
        prompt: what cannot be written is tried again as soon as it would be between turns.

        :raises LeaseHeld: another replica has taken over, which ends it
        """
        self._custody.elsewhere.keep()
        self._ledger.check_clock()
        if self._custody.account is None:
            self._ledger.settle()
            return
        if self._owed_on is not None and self._clock.anchor().boot < self._owed_on:
            return
        self._custody.follow_clock()
        leapt = self._ledger.journal.renewal_owed
        due = plan.due_for_refresh(self.situation(at_once=leapt), self._rules.policy)
        others = [name for name in due if name not in refused]
        if others or leapt or self._owed_on is not None:
            self._renew_and_show(others, settles=leapt)

    def worth_a_prompt(self, refused: Sequence[str]) -> list[str]:
        """Of tokens that a person has to cure those that somebody configured."""
        return [name for name in refused if name not in self._rules.demanded]

    def takes_a_person(self, name: str, error: SidecarError) -> bool:
        """A renewal that brings somebody else's token may be a passing mistake of the authority's: a person
        is asked because of it once nothing lives any more.
        """
        if isinstance(error, AccountRefused):
            token = self._custody.tokens.get(name)
            return token is None or token.remaining_seconds(self._clock.now()) <= 0
        return isinstance(error, SigninRequired)

    def put_off(self, names: Sequence[str]) -> None:
        """Tokens that a person has to cure, but not now."""
        for name in names:
            self._note(name, self._renewal.failures[name])

    def withdraw_if_refused(self) -> None:
        """Give up the account if today's settings do not allow it.

        :raises NotKept: a directory is read-only
        """
        account = self._custody.account
        if account and (refused := objection(account, self._rules.admission)):
            self._withdraw(
                AccountRefused(f"{refused.message} any more", advice=refused.advice, **account.labels)
            )

    def _session(self) -> Session:
        """What is known of the sign-in at a save, by the present wall clock. What the answers told that are
        being saved is noted only after it.
        """
        journal, now = self._ledger.journal, self._clock.anchor()
        known = session.moved(journal.session, seconds=schedule.leap_seconds(journal.anchor, now))
        for name, ends_on in self._renewal.session_ends_on.items():
            known = session.renewed(known, token=name, now=now.wall, ends_on=ends_on)
        return known

    def _renew_and_show(self, names: Sequence[str], *, settles: bool) -> None:
        try:
            self.renew(names, settles=settles)
            self._custody.publish()
            self._owed_on = None
        except AccountRefused:
            self._owed_on = None
        except NotKept as error:
            pause = error.pause_seconds
            self._ledger.report("refresh.failed", error, level="error", retry_in_seconds=pause)
            self._owed_on = self._clock.anchor().boot + pause
        failures = self._renewal.failures
        refused = [name for name, error in failures.items() if isinstance(error, SigninRequired)]
        self.put_off(self.worth_a_prompt(refused))
        with suppress(OSError):
            self._custody.tell_probes(self._rules.policy)

    def _note(self, name: str, error: SidecarError) -> None:
        on_demand = name in self._rules.demanded
        self._ledger.failed(name, error, self._custody.tokens.get(name), on_demand=on_demand)

    def _withdraw(self, refused: AccountRefused) -> None:
        """A cached account that is not allowed any more counts as no cache."""
        self._ledger.report("signin.rejected", refused)
        self._custody.withdraw()
        self._ledger.account_gone()

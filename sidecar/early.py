"""The next sign-in is asked for while the present one still works, as far as its end is known.

Nothing depends on it: tokens are renewed beside the prompt, and if nobody answers, or the answer is of no
use, all is as it was and the present sign-in goes on to its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.adapters.log import Log
from sidecar.core import schedule, session
from sidecar.core.grant import Grant
from sidecar.core.plan import Situation
from sidecar.core.schedule import Attempts
from sidecar.core.signin_hours import next_opening
from sidecar.core.time_words import span, utc_date
from sidecar.custody import Custody
from sidecar.errors import NotKept, SidecarError
from sidecar.ledger import Ledger
from sidecar.posix.clock import Clock
from sidecar.role import Rules
from sidecar.upkeep import Upkeep

if TYPE_CHECKING:
    from sidecar.signin import DeviceSignin

_KNOWN = {
    session.TOLD: "as the authority says",
    session.LEARNED: "as the last one that the sign-in frequency ended",
}


class EarlySignin:
    """Made for one turn."""

    def __init__(
        self,
        *,
        rules: Rules,
        custody: Custody,
        upkeep: Upkeep,
        signin: Callable[[], DeviceSignin],
        ledger: Ledger,
        clock: Clock,
        log: Log,
    ) -> None:
        self._rules = rules
        self._custody = custody
        self._upkeep = upkeep
        self._signin = signin
        self._ledger = ledger
        self._clock = clock
        self._log = log

    def prompt_on(self) -> int | None:
        """When somebody is to be asked; None if nobody is, or is asked already since a token was refused."""
        journal, now = self._ledger.journal, self._clock.now()
        first = journal.tokens.get(next(iter(self._rules.wanted)), Attempts())
        refused = any(
            record.waits or record.blocked or (record.failures and journal.signin.failures)
            for name, record in journal.tokens.items()
            if name not in self._rules.demanded and not record.on_demand
        )
        if not self._rules.may_prompt or self._custody.account is None or refused:
            return None
        expected = session.expectation(journal.session)
        planned = session.ask_on(journal.session, self._rules.hours)
        if planned is None or expected is None or session.outlived(expected, now=now):
            return None
        # Where renewals fail in passing, the authority would give no code either.
        pauses = [record.retry_on for record in (journal.early, first) if schedule.held_back(record, now=now)]
        return next_opening(self._rules.hours, max(planned, int(now), *pauses))

    def is_due(self) -> bool:
        """Whether somebody is to be asked now."""
        planned = self.prompt_on()
        return planned is not None and planned <= self._clock.now()

    def ask(self, *, accept: Callable[[Grant], None], drop: Callable[[], None]) -> bool:
        """Prompt for the first token; whether somebody signed in.

        :raises NotKept: what they answered could not be kept
        """
        scopes = next(iter(self._rules.wanted.values()))
        expected = session.expectation(self._ledger.journal.session)
        assert expected is not None, "due without a reason"
        drop()
        self._custody.rehearse()
        try:
            self._signin().run(
                scopes,
                known=self._custody.account,
                attempts=1,
                accept=accept,
                reject=drop,
                meanwhile=lambda: self._upkeep.beside_prompt([]),
                reason=f"The present sign-in ends about {utc_date(expected.ends_on)}.",
                again=lambda: False,  # others wait for the lock, and may need no person at all
            )
        except NotKept:
            raise
        except SidecarError as failure:
            drop()
            self._ledger.early_failed(failure, ends_on=expected.ends_on)
            return False
        return True

    def foresee(self) -> Situation:
        """The situation at the end of a turn, with all that has to wake the next one; the journal and, if it
        is news, the log are told when somebody is asked.
        """
        self._announce()
        situation = replace(self._upkeep.situation(), prompt_on=self.prompt_on())
        waits = any(record.waits for record in situation.attempts.values())
        prompt_on = situation.opening_on if waits else situation.prompt_on
        self._ledger.journal = replace(self._ledger.journal, prompt_on=prompt_on)
        return situation

    def _announce(self) -> None:
        journal = self._ledger.journal
        expected = session.expectation(journal.session)
        if (
            expected is None
            or self._custody.account is None
            or not session.is_news(journal.session, expected)
        ):
            return
        now, prompt_on = self._clock.now(), self.prompt_on()
        asked = "nobody is asked before" if prompt_on is None else f"asked for in {span(prompt_on - now)}"
        self._log.event(
            "signin.expected",
            message=f"the sign-in ends in about {span(max(expected.ends_on - now, 0))}, "
            f"{_KNOWN[expected.known]}; {asked}",
            known=expected.known,
            ends_on=expected.ends_on,
            ends_in_seconds=int(expected.ends_on - now),
            prompt_on=prompt_on,
            prompt_in_seconds=None if prompt_on is None else int(prompt_on - now),
        )
        told = replace(journal.session, announced_on=expected.ends_on)
        self._ledger.journal = replace(journal, session=told)

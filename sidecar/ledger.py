"""Keeps the journal of attempts during a turn, and says in the log what came of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sidecar.adapters.log import Log
from sidecar.core import journal as journals
from sidecar.core import schedule, session
from sidecar.core.journal import Journal
from sidecar.core.schedule import Attempts
from sidecar.core.session import Session
from sidecar.core.time_words import span
from sidecar.core.token import AccessToken, TokenSet
from sidecar.errors import AuthorityBusy, AuthorityMisconfigured, NotKept, SidecarError, SigninBlocked
from sidecar.posix.clock import Clock

_LASTING = (SigninBlocked, AuthorityMisconfigured)


class Ledger:
    """`journal` is the present state; a turn begins with the one that the last turn left. `spread` is this
    pod's place in its fleet, -1 to 1.
    """

    def __init__(self, *, clock: Clock, log: Log, spread: float = 0.0) -> None:
        self.journal = Journal()
        self._spread = spread
        self._clock = clock
        self._log = log
        self._reported: list[SidecarError] = []

    def check_clock(self) -> None:
        """Note a leap of the wall clock: what was noted before it goes by the new time, and all tokens are
        to be renewed.
        """
        anchor = self._clock.anchor()
        if seconds := schedule.leap_seconds(self.journal.anchor, anchor):
            self._log.event("clock.leapt", level="warning", message="the wall clock moved by itself")
            self.journal = journals.after_leap(self.journal, seconds=seconds, anchor=anchor)

    def compare_clock(self, authority_now: float) -> None:
        """Note how far the wall clock is off by the authority's, and warn when that is new."""
        offset = round(self._clock.now() - authority_now)
        known = self.journal.clock_offset_seconds
        if abs(offset) <= schedule.CLOCK_OFFSET_SECONDS:
            self.journal = replace(self.journal, clock_offset_seconds=None)
        elif abs(offset - (known or 0)) > schedule.CLOCK_OFFSET_SECONDS:
            self.journal = replace(self.journal, clock_offset_seconds=offset)
            self._log.event(
                "clock.offset",
                level="warning",
                message=f"this machine's clock is {span(offset)} {'ahead of' if offset > 0 else 'behind'} "
                "the authority's",
                offset_seconds=offset,
                advice="Set the clock of the node (chrony, systemd-timesyncd). Tokens are renewed in time "
                "all the same, but certificates and other machines' timestamps are judged by it.",
            )

    def adopted(self, tokens: TokenSet, theirs: Session, *, shift: float) -> None:
        """Another replica has obtained these: what was tried here is over, but for early prompts if it is the
        same sign-in. `theirs` tells of it, moved by `shift`.
        """
        self.check_clock()  # or a leap would move what is right already
        before, now = self.journal.session, self._clock.now()
        known = session.adopted(before, theirs, now=now, shift=shift)
        same = known.signed_in_on is not None and known.signed_in_on == before.signed_in_on
        fresh = {
            name: Attempts(succeeded_on=each.issued_on)
            for name, each in tokens.items()
            if each.issued_on > self.journal.tokens.get(name, Attempts()).succeeded_on
        }
        self.journal = replace(
            self.journal,
            tokens={**self.journal.tokens, **fresh},
            signin=Attempts(),
            early=self.journal.early if same else Attempts(),
            session=known,
        )

    def owe(self) -> None:
        """Somebody asked for a renewal of all, which has to wait."""
        self.journal = replace(self.journal, renewal_owed=True)

    def settle(self) -> None:
        """Since the leaps noted so far, every token was renewed, or its renewal has failed."""
        self.journal = replace(self.journal, renewal_owed=False)

    def account_gone(self) -> None:
        """What was tried for an account that is not allowed any more says nothing about the next."""
        self.journal = replace(self.journal, tokens={}, session=Session(), early=Attempts())

    def obtained(self, name: str) -> None:
        """A token was obtained and saved."""
        self._note(name, Attempts(succeeded_on=int(self._now())))

    def renewed(self, name: str, token: AccessToken, *, session_ends_on: int | None) -> None:
        """It was obtained without a person."""
        now = self._now()
        self.obtained(name)
        lasting = session.renewed(self.journal.session, token=name, now=now, ends_on=session_ends_on)
        self.journal = replace(self.journal, session=lasting)
        self._log.event(
            "refresh.succeeded",
            token=name or None,
            expires_in_seconds=int(token.remaining_seconds(now)),
            scope=token.scope,
        )

    def failed(
        self, name: str, error: SidecarError, token: AccessToken | None, *, on_demand: bool = False
    ) -> None:
        """A token was not obtained; `token` is the one that readers still have. One that nobody configured is
        the trouble of whoever asked for it.
        """
        now = self._now()
        before = self.journal.tokens.get(name, Attempts())
        blocked = isinstance(error, SigninBlocked)
        pause = _pause_seconds(before, error, self._spread)
        record = schedule.failed(
            before, now=now, pause_seconds=pause, error=error.message, kind=error.anchor(), blocked=blocked
        )
        in_vain = on_demand and token is None
        self._note(name, replace(record, on_demand=in_vain))
        if error in self._reported:
            # It was told of another token, and is counted for this one too.
            fields = {"token": name, "kind": error.anchor()}
            self._log.heard("signin.blocked" if blocked else "refresh.failed", fields)
            return
        self.report(
            "signin.blocked" if blocked else "refresh.failed",
            error,
            level="error" if not on_demand and isinstance(error, _LASTING) else "warning",
            token=name or None,
            failures=before.failures + 1,
            retry_in_seconds=pause,
            token_lives_seconds=int(token.remaining_seconds(now)) if token else None,
            on_demand=in_vain or None,
        )

    def refused(self, name: str, error: SidecarError) -> None:
        """It takes a person to get this token: the end of the sign-in, of which something may be learned."""
        now = self._now()
        succeeded_on = self.journal.tokens.get(name, Attempts()).succeeded_on
        over = session.refused(
            self.journal.session, token=name, now=now, succeeded_on=succeeded_on, fields=error.fields
        )
        self.journal = replace(self.journal, session=over)

    def began(self, *, ends_on: int | None) -> None:
        """A new sign-in is saved."""
        fresh = session.began(self.journal.session, now=self._now(), ends_on=ends_on)
        self.journal = replace(self.journal, session=fresh, early=Attempts())

    def signed_in(self) -> None:
        """Somebody signed in."""
        now = self._now()
        self.journal = replace(self.journal, signin=Attempts(succeeded_on=int(now)))

    def healed(self, looked_after: Collection[str]) -> None:
        """Where every token is renewed again, nobody has to sign in: a prompt that failed is history. So is
        what was asked for on demand in vain, once it may be asked for again: nobody else tries.
        """
        now, tokens = self._now(), self.journal.tokens
        held = {name for name, each in tokens.items() if schedule.held_back(each, now=now)}
        kept = {name: each for name, each in tokens.items() if name in held or name in looked_after}
        self.journal = replace(self.journal, tokens=kept)
        failing = any(each.failures for name, each in kept.items() if name in looked_after)
        if self.journal.signin.failures and not failing:
            self.journal = replace(
                self.journal, signin=Attempts(succeeded_on=self.journal.signin.succeeded_on)
            )

    def early_failed(self, error: SidecarError, *, ends_on: int) -> None:
        """Nobody signed in early. The present sign-in goes on; the closer its end, the sooner comes the next
        prompt.
        """
        now = self._now()
        pause = schedule.early_retry_seconds(self.journal.early.failures + 1, left_seconds=ends_on - now)
        early = schedule.failed(self.journal.early, now=now, pause_seconds=pause, error=error.message)
        self.journal = replace(self.journal, early=early)
        self.report("signin.failed", error, early=True, next_prompt_in_seconds=pause)

    def asking(self, names: Sequence[str], error: SidecarError) -> None:
        """People are asked because of these tokens. A turn that is ended meanwhile leaves them due at once:
        the next one asks again.
        """
        now = self._now()
        for name in names:
            before = self.journal.tokens.get(name, Attempts())
            self._note(name, schedule.failed(before, now=now, pause_seconds=0, error=error.message))

    def signin_failed(self, names: Sequence[str], error: SidecarError, *, goes_on: bool) -> None:
        """Nobody signed in; the tokens `names` wait for the next prompt, if the role `goes_on`."""
        now = self._now()
        before = self.journal.signin
        blocked = isinstance(error, SigninBlocked)
        if blocked or error.retryable:
            pause = _pause_seconds(before, error, self._spread)
        else:
            pause = schedule.prompt_retry_seconds(before.failures + 1)
        signin = schedule.failed(before, now=now, pause_seconds=pause, error=error.message, blocked=blocked)
        self.journal = replace(self.journal, signin=signin)
        self.wait_for_prompt(names)
        self.report(
            "signin.blocked" if blocked else "signin.failed",
            error,
            level="error" if blocked else "warning",
            next_prompt_in_seconds=pause if goes_on and error.exit_code != 78 else None,
        )

    def wait_for_prompt(self, names: Sequence[str]) -> None:
        """No request for these tokens before the next prompt: it would be refused again."""
        for name in names:
            self._note(name, replace(self.journal.signin, succeeded_on=0))

    def wait_for_hours(self, names: Sequence[str], error: SidecarError, *, opening_on: int) -> None:
        """Nobody may be asked before `opening_on`; no request for these tokens until then. Said once."""
        now = self._now()
        tokens = self.journal.tokens
        waited = all(tokens.get(name, Attempts()).waits for name in names)
        for name in names:
            before = tokens.get(name, Attempts())
            record = schedule.failed(before, now=now, pause_seconds=0, error=error.message)
            self._note(name, replace(record, waits=True))
        if not waited:
            self.report(
                "refresh.signin_required",
                error,
                token=names[0] or None,
                prompt_on=opening_on,
                in_seconds=int(opening_on - now),
            )

    def report(self, event: str, error: SidecarError, *, level: str = "warning", **fields: object) -> None:
        """Log an error, once."""
        if error not in self._reported:
            self._reported.append(error)
            told = isinstance(error, NotKept) and error.told
            self._log.failure(event, error, level="debug" if told else level, **fields)

    def _now(self) -> float:
        """By a clock that the journal goes by."""
        self.check_clock()
        return self._clock.now()

    def _note(self, name: str, attempts: Attempts) -> None:
        self.journal = replace(self.journal, tokens={**self.journal.tokens, name: attempts})


def _pause_seconds(before: Attempts, error: SidecarError, spread: float) -> int:
    if isinstance(error, SigninBlocked):
        return schedule.blocked_retry_seconds(before.blocked + 1)
    if not error.retryable:
        return schedule.REFUSED_RETRY_SECONDS
    retry_after = error.retry_after if isinstance(error, AuthorityBusy) else None
    return schedule.retry_seconds(before.failures + 1, retry_after=retry_after, spread=spread)

"""The sign-in of a person by device code (RFC 8628), until somebody admitted has signed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from sidecar.adapters.log import Log
from sidecar.adapters.prompt import PromptBoard
from sidecar.adapters.retry import persistently
from sidecar.core import device_code
from sidecar.core.account import Account, awaited, objection
from sidecar.core.device_code import DeviceAuthorization, Polling, PollResult, State
from sidecar.core.entra_errors import BLOCKED_IN_THE_BROWSER
from sidecar.core.grant import Grant
from sidecar.core.prompt import Outcome, prompt_for
from sidecar.core.schedule import RETRY_AFTER_MAX_SECONDS
from sidecar.core.signin_terms import SigninTerms
from sidecar.errors import AuthorityBusy, SidecarError, SigninDeclined, SigninTimedOut
from sidecar.posix.clock import Clock
from sidecar.posix.heart import Heart
from sidecar.posix.interrupts import Interrupts
from sidecar.withdrawal import withdrawn_at_the_end

SHORT_LIFE_SECONDS = 30
"""A code that expires sooner gave nobody a chance; several in a row are a fault of the provider."""

SLICE_SECONDS = 30
"""The longest pause without a look at the other tokens, however long the authority wants no poll."""


MOMENT_SECONDS = 0.5
"""Nobody signs in with a code that is shown for less before the deadline."""


class DeviceAuthority(Protocol):
    """What a sign-in needs of the authority."""

    def begin_device_flow(self, scopes: tuple[str, ...], *, language: str | None) -> DeviceAuthorization:
        """Ask for a code."""
        ...

    def poll(self, scopes: tuple[str, ...]) -> PollResult:
        """Ask once whether it was used."""
        ...


class DeviceSignin:
    """Prompts, polls, and prompts again, until it is done or the time is over."""

    def __init__(
        self,
        *,
        authority: DeviceAuthority,
        board: PromptBoard,
        log: Log,
        clock: Clock,
        heart: Heart,
        interrupts: Interrupts,
        terms: SigninTerms,
    ) -> None:
        self._authority = authority
        self._board = board
        self._log = log
        self._heart = heart
        self._interrupts = interrupts
        self._terms = terms
        self._clock = clock
        self._started = clock.anchor()
        self._busy_until = 0.0
        self._code_expires_on = 0
        self._reason: str | None = None
        self._awaited: str | None = None
        self._said: dict[str, Any] = {}
        self._meanwhile: Callable[[], None] = lambda: None

    def run(
        self,
        scopes: tuple[str, ...],
        *,
        known: Account | None,
        attempts: int,
        accept: Callable[[Grant], None],
        reject: Callable[[], None],
        meanwhile: Callable[[], None],
        reason: str | None = None,
        again: Callable[[], bool] = lambda: True,
    ) -> None:
        """Returns once a grant was accepted; `accept` runs with signals held back.

        `known` is who is signed in already; `reason` is why people are asked now. `attempts` limits the tries
        to get a code while the authority is in trouble. `meanwhile` is called between the polls, at least
        twice a minute, for a prompt may stay open for an hour. `again` says whether they may be asked with
        one more code when one has expired.

        :raises SigninDeclined, SigninTimedOut: nobody signed in
        :raises SidecarError: the authority gives no code or refuses the sign-in
        """
        self._started = self._clock.anchor()
        self._meanwhile = meanwhile
        self._reason = reason
        self._awaited = awaited(self._terms.admission, known)
        with withdrawn_at_the_end(self._board, self._interrupts):
            short_lived = 0
            while True:
                shown = self._now()
                state, grant = self._one_code(scopes, attempts)
                if state is State.EXPIRED and not again():
                    raise SigninTimedOut(
                        "nobody signed in before the code expired",
                        advice="People are asked again later, within SIDECAR_SIGNIN_HOURS if set; HUP to "
                        "`refresh` asks at once.",
                    )
                if state is State.EXPIRED:
                    with self._interrupts.held():
                        self._board.withdraw(Outcome.EXPIRED)
                    self._log.event(
                        "signin.expired",
                        message="The code has expired; a new one follows.",
                        advice=BLOCKED_IN_THE_BROWSER,
                        **self._said,
                    )
                    short_lived = short_lived + 1 if self._now() - shown < SHORT_LIFE_SECONDS else 0
                    self._rest(
                        max(device_code.replacement_seconds(short_lived), self._busy_until - self._now())
                    )
                    continue
                if grant is None:
                    raise SigninDeclined(
                        "the sign-in was declined",
                        advice="If that was a mistake, start again, or await the next prompt of `refresh`.",
                        **self._said,
                    )
                refused = objection(grant.account, self._terms.admission, known=known)
                with self._interrupts.held():
                    if refused is None:
                        accept(grant)
                        self._board.withdraw(Outcome.COMPLETED, username=grant.account.username)
                        self._log.event(
                            "signin.completed", **grant.account.labels, phrase=self._terms.phrase or None
                        )
                        return
                    reject()
                    self._board.withdraw(Outcome.REJECTED, username=grant.account.username)
                self._log.event(
                    "signin.rejected",
                    level="warning",
                    message=f"{refused.message}; nothing was published",
                    **grant.account.labels,
                    advice=refused.advice,
                )

    def _one_code(self, scopes: tuple[str, ...], attempts: int) -> tuple[State, Grant | None]:
        self._check_deadline()
        self._said = {}
        authorization = persistently(
            lambda: self._authority.begin_device_flow(scopes, language=self._terms.language),
            attempts=attempts,
            rest=self._heart.rest,
            before_retry=self._report_trouble,
        )
        # The code's expiry was told by the wall clock as it is now; polling goes by `_now`.
        leapt_seconds = round(self._now() - self._clock.now())
        polling = device_code.start(
            replace(authorization, expires_on=authorization.expires_on + leapt_seconds)
        )
        prompt = prompt_for(
            authorization,
            tenant=self._terms.tenant,
            client_id=self._terms.client_id,
            scopes=scopes,
            where=self._terms.host,
            phrase=self._terms.phrase,
            purpose=self._terms.purpose,
            reason=self._reason,
            awaited=self._awaited,
            localised=self._terms.language is not None,
        )
        self._code_expires_on = polling.expires_on
        self._board.show(prompt, now=self._clock.now())
        return self._poll(polling, scopes)

    def _poll(self, polling: Polling, scopes: tuple[str, ...]) -> tuple[State, Grant | None]:
        self._log.event(
            "signin.waiting",
            level="debug" if self._board.live else "info",
            interval_seconds=polling.interval_seconds,
            seconds_left=int(polling.expires_on - self._now()),
        )
        retry_after = None
        while True:
            wait_seconds = device_code.wait_seconds(polling, retry_after=retry_after)
            self._rest(min(wait_seconds, max(polling.expires_on - self._now(), 1)))
            if self._now() < self._busy_until:
                self._check_deadline()
                return State.EXPIRED, None
            self._heart.beat()
            result = self._authority.poll(scopes)
            polling = device_code.advance(polling, result.answer, now=self._now())
            if polling.state is State.REFUSED and result.error is not None:
                raise result.error
            retry_after = result.error.retry_after if isinstance(result.error, AuthorityBusy) else None
            self._busy_until = self._now() + min(retry_after or 0, RETRY_AFTER_MAX_SECONDS)
            if polling.state is not State.PENDING:
                self._said = result.last_words
                return polling.state, result.grant
            # Only now, after a last look: somebody may just have approved.
            self._check_deadline()
            if polling.troubles and result.error is not None:
                self._report_trouble(result.error, device_code.wait_seconds(polling, retry_after=retry_after))

    def _rest(self, seconds: float) -> None:
        """Until the next request or the deadline, whichever comes first."""
        end = self._now() + min(seconds, self._seconds_left())
        while self._now() < end:
            self._meanwhile()
            self._heart.rest(
                min(end - self._now(), SLICE_SECONDS), tick=self._tick if self._board.live else None
            )
            self._board.remind(self._code_seconds_left())

    def _tick(self) -> None:
        self._board.tick(min(self._code_seconds_left(), self._seconds_left()))

    def _code_seconds_left(self) -> float:
        return self._code_expires_on - self._now()

    def _check_deadline(self) -> None:
        if self._seconds_left() < MOMENT_SECONDS:
            raise SigninTimedOut(
                f"nobody signed in within SIDECAR_SIGNIN_TIMEOUT ({self._terms.timeout_seconds} s)",
                advice="Start again to get a new code, or give people more time with SIDECAR_SIGNIN_TIMEOUT. "
                + BLOCKED_IN_THE_BROWSER,
            )

    def _now(self) -> float:
        """By the boot clock: a leap of the wall clock neither ends a code early nor keeps a dead one."""
        return self._started.wall + self._clock.anchor().boot - self._started.boot

    def _seconds_left(self) -> float:
        return self._started.wall + self._terms.timeout_seconds - self._now()

    def _report_trouble(self, error: BaseException, pause: float) -> None:
        if isinstance(error, SidecarError):
            self._log.failure("signin.trouble", error, retry_in_seconds=round(pause))

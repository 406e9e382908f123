"""Where a prompt is shown, kept in mind, and withdrawn when it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from sidecar.core import prompt as prompts
from sidecar.core.banner import banner, countdown
from sidecar.core.half_blocks import COLUMNS_MAX, Matrix, drawn
from sidecar.core.prompt import Outcome, Prompt
from sidecar.core.reminders import is_due
from sidecar.core.screen import Screen

_TOLD_BY_ANOTHER_LINE = {
    Outcome.COMPLETED,  # signin.completed
    Outcome.EXPIRED,
    Outcome.REJECTED,
    Outcome.DECLINED,  # signin.failed, as the next two
    Outcome.TIMED_OUT,
    Outcome.FAILED,
}


class PromptLog(Protocol):
    """The log's side."""

    def screen(self) -> Screen | None:
        """What people look at; None where only programs read."""
        ...

    def text(self, text: str) -> None:
        """For people."""
        ...

    def overwrite(self, text: str) -> None:
        """For people at a live screen."""
        ...

    def line(self, record: Mapping[str, object]) -> None:
        """For programs."""
        ...

    def event(self, name: str, *, level: str = "info", **fields: object) -> None:
        """For both."""
        ...


class PromptFiles(Protocol):
    """The state directory's side."""

    def open_prompt(self, record: Mapping[str, object], line: str) -> None:
        """Shown until closed."""
        ...

    def close_prompt(self) -> None:
        """Withdrawn."""
        ...


class Face(Protocol):
    """A further place where the prompt is shown. Nothing that happens there holds up or ends a sign-in."""

    def tell(self, record: Mapping[str, object]) -> None:
        """Of a prompt (`signin.code_issued`) or of its end (`signin.withdrawn`), in this order. Returns at
        once and raises nothing.
        """
        ...

    def finish(self, seconds: float) -> None:
        """Wait up to so long until all that was told has arrived, and give up the rest."""
        ...


class PromptBoard:
    """Shows one prompt at a time. A full disk keeps no prompt out of the log."""

    def __init__(
        self, log: PromptLog, files: PromptFiles, *, faces: Sequence[Face] = (), qr: bool = True
    ) -> None:
        self._log = log
        self._files = files
        self._faces = faces
        self._qr = qr
        self._open: Prompt | None = None
        self._told: list[Face] = []
        self._life_seconds = 0
        self._last_left = 0.0

    @property
    def live(self) -> bool:
        """Whether people see a clock run, and need no events about waiting."""
        screen = self._log.screen()
        return screen is not None and screen.live

    def show(self, prompt: Prompt, *, now: float) -> None:
        """Banner, machine-readable line, `prompt.json` and the probes' line, and all faces."""
        record = prompts.record(prompt)
        self._open, self._told = prompt, []
        self._life_seconds = int(prompt.expires_on - now)
        self._last_left = self._life_seconds
        screen = self._log.screen()
        if screen is not None and screen.live:
            # What people need is what a terminal shows last.
            self._log.line(record)
        if screen is not None:
            code = self._modules(prompt) if screen.blocks and self._qr else ()
            self._log.text(banner(prompt, now=now, screen=screen, code=code))
        if screen is None or not screen.live:
            self._log.line(record)
        with suppress(OSError):
            self._files.open_prompt(record, prompts.probe_line(prompt))
        for face in self._faces:
            self._told.append(face)
            face.tell(record)

    def tick(self, seconds_left: float) -> None:
        """Some time has passed: on a live screen the line that counts down."""
        screen = self._log.screen()
        if self._open is not None and screen is not None and screen.live:
            self._log.overwrite(countdown(seconds_left, columns=screen.columns))

    def remind(self, seconds_left: float) -> None:
        """In a log an event, if it is time for one."""
        if self._open is None or self.live:
            return
        if is_due(life_seconds=self._life_seconds, left=seconds_left, last_left=self._last_left):
            self._last_left = seconds_left
            self._log.event(
                "signin.reminder",
                message="still waiting for somebody to sign in",
                verification_uri=self._open.verification_uri,
                user_code=self._open.user_code,
                seconds_left=int(seconds_left),
                phrase=self._open.phrase or None,
            )

    def withdraw(self, outcome: Outcome, *, username: str | None = None) -> None:
        """The open prompt, if there is one: nobody has to do anything any more."""
        prompt, self._open = self._open, None
        with suppress(OSError):
            self._files.close_prompt()
        if prompt is None:
            return
        self._log.overwrite("")
        record = prompts.withdrawal(prompt, outcome, username=username)
        # People are not told twice; programs can rely on one for each prompt.
        twice = self._log.screen() is not None and outcome in _TOLD_BY_ANOTHER_LINE
        self._log.event(
            "signin.withdrawn",
            level="debug" if twice else "info",
            message=None if twice else "nobody needs to act on this prompt any more",
            outcome=outcome.value,
            username=username,
            phrase=prompt.phrase or None,
        )
        for face in self._told:
            face.tell(record)

    @staticmethod
    def _modules(prompt: Prompt) -> Matrix:
        """Of the address that brings the code along if there is one, unless only the short one fits."""
        import segno  # 20 ms, and only needed where one is drawn

        for uri in (prompt.verification_uri_complete, prompt.verification_uri):
            if uri:
                # 500 characters at most, which a QR code holds.
                code = segno.make(uri, error="l", boost_error=False, micro=False)
                matrix = tuple(tuple(row) for row in code.matrix)
                if drawn(matrix, columns=COLUMNS_MAX):
                    return matrix
        return ()

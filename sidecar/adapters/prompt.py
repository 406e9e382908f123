"""Where a prompt is shown, and withdrawn when it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from sidecar.core import prompt as prompts
from sidecar.core.prompt import Prompt


class PromptLog(Protocol):
    """The log's side."""

    def text(self, text: str) -> None:
        """For people."""
        ...

    def line(self, record: Mapping[str, object]) -> None:
        """For programs."""
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

    def __init__(self, log: PromptLog, files: PromptFiles, *, faces: Sequence[Face] = ()) -> None:
        self._log = log
        self._files = files
        self._faces = faces

    def show(self, prompt: Prompt, *, now: float) -> None:
        """Banner, machine-readable line, `prompt.json` and the probes' line."""
        record = prompts.record(prompt)
        self._log.text(prompts.banner(prompt, now=now))
        self._log.line(record)
        with suppress(OSError):
            self._files.open_prompt(record, prompts.probe_line(prompt))
        for face in self._faces:
            face.tell(record)

    def withdraw(self) -> None:
        """Nobody has to do anything any more."""
        with suppress(OSError):
            self._files.close_prompt()

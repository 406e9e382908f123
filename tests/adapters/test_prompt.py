"""Where a prompt is shown."""

from __future__ import annotations

import errno
from collections.abc import Mapping

import pytest

from sidecar.adapters.prompt import PromptBoard
from sidecar.core.prompt import Prompt

PROMPT = Prompt(
    verification_uri="https://login.example/device",
    verification_uri_complete=None,
    user_code="ABCD1234",
    expires_on=1_790_000_900,
    tenant="tenant",
    client_id="client",
    scopes=("scope",),
    where="pod",
)


class Log:
    """Keeps what was said, in order."""

    def __init__(self) -> None:
        self.said: list[str | Mapping[str, object]] = []

    def text(self, text: str) -> None:
        """For people."""
        self.said.append(text)

    def line(self, record: Mapping[str, object]) -> None:
        """For programs."""
        self.said.append(record)


class Files:
    """Keeps what is shown; fails if the volume is `full`."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self.shown: tuple[Mapping[str, object], str] | None = None

    def open_prompt(self, record: Mapping[str, object], line: str) -> None:
        """Show."""
        self._write()
        self.shown = (record, line)

    def close_prompt(self) -> None:
        """Withdraw."""
        self._write()
        self.shown = None

    def _write(self) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_prompt_is_shown_to_people_programs_and_probes() -> None:
    """The banner, then exactly one record; the same record and a line in the state directory."""
    log, files = Log(), Files()
    PromptBoard(log, files).show(PROMPT, now=1_790_000_000)
    banner, record = log.said
    assert "ABCD1234" in str(banner)
    assert "15 min" in str(banner)
    assert isinstance(record, Mapping)
    assert record["event"] == "signin.code_issued"
    assert record["user_code"] == "ABCD1234"
    assert files.shown is not None
    assert files.shown[0] == record
    assert "ABCD1234" in files.shown[1]


def test_withdrawn_prompt_is_gone_from_the_files() -> None:
    """Nobody is asked to act any more; the log says nothing about it."""
    log, files = Log(), Files()
    board = PromptBoard(log, files)
    board.show(PROMPT, now=1_790_000_000)
    said = list(log.said)
    board.withdraw()
    assert files.shown is None
    assert log.said == said


@pytest.mark.parametrize("action", ["show", "withdraw"])
def test_full_volume_keeps_no_prompt_out_of_the_log(action: str) -> None:
    """The person can act on the log alone."""
    log = Log()
    board = PromptBoard(log, Files(full=True))
    if action == "withdraw":
        board.withdraw()
        assert log.said == []
    else:
        board.show(PROMPT, now=1_790_000_000)
        assert len(log.said) == 2

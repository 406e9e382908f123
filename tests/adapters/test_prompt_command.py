"""The user's command for prompts: what it is given, and what comes of it."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from sidecar.adapters.courier import Courier, Trouble
from sidecar.adapters.prompt_command import PromptCommand
from sidecar.core.prompt import Outcome, record, withdrawal
from tests.core.prompts import prompt_of

ENVIRON = {"PATH": os.environ["PATH"]}


def run(command: str, told: dict[str, object], *, seconds: float = 20) -> Trouble | None:
    """Run it for one record."""
    return PromptCommand(command, environ=ENVIRON, seconds=seconds)(told, threading.Event())


def test_command_gets_the_record_and_the_main_parts_of_it(tmp_path: Path) -> None:
    """JSON on standard input for programs, variables for a line of shell."""
    told = record(prompt_of())
    out = tmp_path / "out"
    said = '"$PROMPT_EVENT|$PROMPT_URL|$PROMPT_CODE|$PROMPT_OUTCOME"'
    assert run(f"cat > {out}.json; printf %s {said} > {out}", told) is None
    assert json.loads(Path(f"{out}.json").read_text()) == told
    assert out.read_text() == "signin.code_issued|https://login.microsoft.com/device|ABCDEFGHI|"


def test_command_of_the_end_knows_how_it_ended(tmp_path: Path) -> None:
    """So that it can take back what it has shown."""
    out = tmp_path / "out"
    told = withdrawal(prompt_of(), Outcome.TIMED_OUT)
    assert run(f'printf %s "$PROMPT_EVENT $PROMPT_OUTCOME" > {out}', told) is None
    assert out.read_text() == "signin.withdrawn timed_out"


@pytest.mark.parametrize(
    ("command", "cause"),
    [("exit 3", "exit code 3"), ("kill -9 $$", "signal 9"), ("no-such-command", "exit code 127")],
)
def test_failure_says_how(command: str, cause: str) -> None:
    """What it printed is on standard error, above."""
    assert run(command, record(prompt_of())) == {"cause": cause}


def test_command_that_hangs_has_its_time() -> None:
    """Then it is ended, with what it has started."""
    started = time.monotonic()
    assert run("trap '' TERM; sleep 60", record(prompt_of()), seconds=0.3) == {"cause": "time-out"}
    assert time.monotonic() - started < 5


def test_shown_before_withdrawn(tmp_path: Path) -> None:
    """The second command starts when the first has ended, however long that takes."""
    out = tmp_path / "out"
    command = f'test "$PROMPT_OUTCOME" || sleep 0.3; printf "%s\\n" "$PROMPT_EVENT" >> {out}'
    told: list[Trouble] = []
    courier = Courier("command", PromptCommand(command, environ=ENVIRON), told.append)
    courier.tell(record(prompt_of()))
    courier.tell(withdrawal(prompt_of(), Outcome.COMPLETED))
    courier.finish(20)
    assert out.read_text() == "signin.code_issued\nsignin.withdrawn\n"
    assert told == []

"""What is printed: events, and the prompt among them. No text from outside forges a line."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.adapters.log import LEVELS, Log
from sidecar.adapters.prompt import PromptBoard
from sidecar.core.prompt import Outcome, probe_line, record
from sidecar.errors import AuthorityUnreachable, SigninBlocked
from tests.core.prompts import prompt_of
from tests.core.strategies import NOW, json_values

EVIL = "a\r\nb\x1b[2Jc\x00d\u2028e\u202ef\x9bg\tline"
FORMATS = ["console", "json"]
outside = st.text(max_size=60) | st.just(EVIL)
unhurried = settings(deadline=None)


def written(*, format: str, level: str = "debug") -> tuple[Log, io.StringIO]:
    """A log, and what it has written."""
    stream = io.StringIO()
    return Log(format=format, level=level, stream=stream), stream


class PromptFiles:
    """A state directory in memory."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self.shown: list[tuple[Mapping[str, object], str]] = []
        self.closed = 0

    def open_prompt(self, record: Mapping[str, object], line: str) -> None:
        """Keep it."""
        if self.full:
            raise OSError(28, "No space left on device")
        self.shown.append((record, line))

    def close_prompt(self) -> None:
        """Count."""
        if self.full:
            raise OSError(30, "Read-only file system")
        self.closed += 1


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("format", FORMATS)
def test_prompt_appears_once_in_every_format_and_at_every_level(format: str, level: str) -> None:
    """Exactly one JSON line; the banner above it in console format only, so that JSON stays JSON."""
    log, stream = written(format=format, level=level)
    files = PromptFiles()
    PromptBoard(log, files).show(prompt_of(), now=NOW)
    *above, last = stream.getvalue().splitlines()
    assert json.loads(last) == record(prompt_of()) == files.shown[0][0]
    assert ("SIGN-IN NEEDED" in "\n".join(above)) is (format == "console")
    assert (format == "json") is (above == [])
    assert files.shown[0][1] == probe_line(prompt_of())


def test_full_disk_keeps_no_prompt_out_of_the_log() -> None:
    """The person can still sign in, and nothing is raised when the prompt is withdrawn either."""
    log, stream = written(format="json")
    board = PromptBoard(log, PromptFiles(full=True))
    board.show(prompt_of(), now=NOW)
    board.withdraw(Outcome.COMPLETED)
    assert "ABCDEFGHI" in stream.getvalue()


def test_prompt_is_withdrawn_from_the_files() -> None:
    """Probes and programs see it no longer."""
    files = PromptFiles()
    PromptBoard(written(format="json")[0], files).withdraw(Outcome.COMPLETED)
    assert files.closed == 1


@unhurried
@given(fields=st.dictionaries(st.sampled_from(["message", "scope", "token", "path"]), json_values | outside))
def test_json_event_is_one_line_that_parses(fields: dict[str, object]) -> None:
    """Whatever the fields: name, level and time are there, and a field of None is left out."""
    log, stream = written(format="json")
    log.event("token.published", level="info", **fields)
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert (found["event"], found["level"], found["timestamp"][-1]) == ("token.published", "info", "Z")
    assert found.keys() == {"event", "level", "timestamp"} | {k for k, v in fields.items() if v is not None}


@unhurried
@given(message=outside, names=st.lists(outside, max_size=3))
@pytest.mark.parametrize("format", FORMATS)
def test_no_field_can_forge_a_line(format: str, message: str, names: list[str]) -> None:
    """One event, one printable line, in both formats; also from inside a list."""
    log, stream = written(format=format)
    log.event("refresh.failed", message=message, error=f"{EVIL}{message}", names=names)
    text = stream.getvalue()
    assert text.endswith("\n")
    assert text[:-1].isprintable()


def test_console_field_cannot_pass_for_another() -> None:
    """A value with spaces or an equals sign stands in quotes."""
    log, stream = written(format="console")
    log.event("signin.completed", username="x object_id=forged")
    assert "username='x object_id=forged'" in stream.getvalue()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("level", LEVELS)
def test_level_lets_through_what_is_as_grave(format: str, level: str) -> None:
    """An event below the level leaves no trace."""
    log, stream = written(format=format, level=level)
    for each in LEVELS:
        log.event("refresh.failed", level=each, marker=f"at-{each}")
    text = stream.getvalue()
    assert [each for each in LEVELS if f"at-{each}" in text] == [
        e for e in LEVELS if LEVELS[e] >= LEVELS[level]
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_event_that_is_not_declared_is_refused(format: str) -> None:
    """Names are part of the contract; one that is not documented is a mistake of ours."""
    log, stream = written(format=format)
    with pytest.raises(KeyError):
        log.event("token.invented")
    assert stream.getvalue() == ""


def test_failure_tells_what_happened_and_what_to_do() -> None:
    """Message, fields and advice of the error beside those of the event; no advice, no key."""
    log, stream = written(format="json")
    log.failure("refresh.failed", AuthorityUnreachable("no route", advice="Look.", cause="dns"), failures=2)
    log.failure("refresh.failed", AuthorityUnreachable("no route"), level="error")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["level"], first["message"], first["cause"], first["failures"], first["advice"]) == (
        "warning",
        "no route",
        "dns",
        2,
        "Look.",
    )
    assert second["level"] == "error"
    assert "advice" not in second


def test_people_read_what_to_do_below_the_event() -> None:
    """In console format the advice and where to read on have lines of their own, without quotation marks."""
    log, stream = written(format="console")
    error = SigninBlocked(
        "blocked", advice='Ask for "it".', see="docs/errors.md#aadsts-530036", aadsts="530036"
    )
    log.failure("signin.blocked", error)
    first, *below = stream.getvalue().splitlines()
    assert "cure=administrator" in first
    assert below == ['    what to do: Ask for "it".', "    see: docs/errors.md#aadsts-530036"]


def test_failure_names_who_can_help_and_where_to_read_on() -> None:
    """Of an error of ours by its class; of the authority's by its number."""
    log, stream = written(format="json")
    log.failure("refresh.failed", AuthorityUnreachable("away"))
    log.failure(
        "signin.blocked", SigninBlocked("no", see="docs/errors.md#aadsts-53003", cure="administrator")
    )
    ours, theirs = map(json.loads, stream.getvalue().splitlines())
    assert (ours["cure"], ours["see"]) == ("retry", "docs/errors.md#authority-unreachable")
    assert (theirs["cure"], theirs["see"]) == ("administrator", "docs/errors.md#aadsts-53003")


def test_log_goes_to_stdout_and_colours_only_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A pod's log holds no escape sequences."""
    Log(format="console", level="info").event("signin.waiting", interval_seconds=5)
    told = capsys.readouterr()
    assert "interval_seconds=5" in told.out
    assert "\x1b" not in told.out
    assert told.err == ""


def test_libraries_reach_no_output() -> None:
    """MSAL and urllib3 log under `logging`, and MSAL's DEBUG holds secrets: none of it is printed."""
    program = (
        "import logging; from sidecar.adapters.log import Log; Log(format='json', level='debug'); "
        "logging.getLogger('msal.application').error('from a library')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout + ended.stderr == ""


@pytest.mark.parametrize("format", ["console", "json"])
def test_event_is_one_write_with_its_newline(format: str) -> None:
    """A signal's handler may raise between two: the next line would stand on the same one."""
    written: list[str] = []

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            written.append(text)
            return len(text)

    Log(format=format, level="info", stream=Stream()).event("signin.waiting", interval_seconds=5)
    assert len(written) == 1
    assert written[0].endswith("\n")


@pytest.mark.parametrize("format", FORMATS)
def test_lines_of_two_threads_never_mix(format: str) -> None:
    """A webhook's failure is told beside the sign-in's own events; every write is one whole line."""

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            half = len(text) // 2
            written = super().write(text[:half])
            time.sleep(0)  # lets another thread in, as a full pipe would
            return written + super().write(text[half:])

    stream = Stream()
    log = Log(format=format, level="debug", stream=stream)

    def say() -> None:
        for _ in range(200):
            log.event("prompt.undelivered", cause="x" * 100)
            log.line({"event": "signin.code_issued"})

    threads = [threading.Thread(target=say) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1200
    assert all(("prompt.undelivered" in line) != ("signin.code_issued" in line) for line in lines)

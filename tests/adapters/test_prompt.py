"""Where a prompt is shown, and what is said of its end."""

from __future__ import annotations

import errno
from collections.abc import Mapping

import pytest

from sidecar.adapters.prompt import PromptBoard
from sidecar.core.prompt import Outcome, Prompt, prompt_for
from sidecar.core.screen import Screen
from tests.core.prompts import authorization
from tests.pictures import read_codes

NOW = 1_790_000_000
PROMPT = Prompt(
    verification_uri="https://login.example/device",
    verification_uri_complete=None,
    user_code="ABCD1234",
    expires_on=NOW + 900,
    tenant="tenant",
    client_id="client",
    scopes=("scope",),
    where="pod",
    phrase="amber otter",
)
IN_A_LOG = Screen(blocks=True)
ON_A_TERMINAL = Screen(80, blocks=True, live=True)


class Log:
    """Keeps what was said, in order."""

    def __init__(self, screen: Screen | None = IN_A_LOG) -> None:
        self.seen = screen
        self.said: list[str | Mapping[str, object]] = []
        self.events: list[dict[str, object]] = []
        self.line_below = ""

    def screen(self) -> Screen | None:
        """As it was made."""
        return self.seen

    def text(self, text: str) -> None:
        """For people."""
        self.said.append(text)

    def overwrite(self, text: str) -> None:
        """The last line."""
        self.line_below = text

    def line(self, record: Mapping[str, object]) -> None:
        """For programs."""
        self.said.append(record)

    def event(self, name: str, *, level: str = "info", **fields: object) -> None:
        """For both."""
        self.events.append({"event": name, "level": level, **fields})


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


class Face:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Mapping[str, object]] = []

    def tell(self, record: Mapping[str, object]) -> None:
        """Remember."""
        self.told.append(record)

    def finish(self, seconds: float) -> None:
        """Nothing is under way."""


def test_prompt_is_shown_to_people_programs_and_probes() -> None:
    """The banner, then exactly one record; the same record and a line in the state directory."""
    log, files = Log(), Files()
    PromptBoard(log, files).show(PROMPT, now=NOW)
    banner, record = log.said
    assert "ABCD1234" in str(banner)
    assert "15 min" in str(banner)
    assert isinstance(record, Mapping)
    assert record["event"] == "signin.code_issued"
    assert record["user_code"] == "ABCD1234"
    assert files.shown is not None
    assert files.shown[0] == record
    assert "ABCD1234" in files.shown[1]


def test_phrase_is_the_same_everywhere() -> None:
    """Banner, record, probes' line, reminder and withdrawal: who compares them finds the same words."""
    log, files, face = Log(), Files(), Face()
    board = PromptBoard(log, files, faces=[face])
    board.show(PROMPT, now=NOW)
    shown = files.shown
    board.remind(600)
    board.withdraw(Outcome.CANCELLED)
    everything = [*log.said, *log.events, *face.told, shown]
    assert len(everything) == 7
    assert all("amber otter" in str(one) for one in everything)


def test_terminal_shows_the_banner_last() -> None:
    """The record scrolls away above it; people need what is below."""
    log = Log(ON_A_TERMINAL)
    PromptBoard(log, Files()).show(PROMPT, now=NOW)
    record, banner = log.said
    assert isinstance(record, Mapping)
    assert "ABCD1234" in str(banner)


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("prefix", ["", "signin-1  | ", "[pod/reporting-0/entra-signin] "])
@pytest.mark.parametrize("columns", [40, 60, 80])
def test_phone_reads_the_code_of_the_address(columns: int, prefix: str, dark: bool) -> None:
    """Dark and light, with the names that tools put in front, beside the text and above it; the colours do
    not matter, since there are none.
    """
    screen = Screen(columns, blocks=True, live=columns != 60)
    log = Log(screen)
    PromptBoard(log, Files()).show(PROMPT, now=NOW)
    (banner,) = [said for said in log.said if isinstance(said, str)]
    text = "".join(f"{prefix}{line}\n" for line in banner.splitlines())
    assert read_codes(text, dark=dark) == ["https://login.example/device"]


def test_phone_gets_the_address_that_brings_the_code_along() -> None:
    """`verification_uri_complete` (RFC 8628 section 3.3.1) if there is one, unless it is too long."""
    for complete, expected in (
        (
            "https://login.example/device?user_code=ABCD1234",
            "https://login.example/device?user_code=ABCD1234",
        ),
        ("https://login.example/device?user_code=" + "A" * 60, "https://login.microsoft.com/device"),
        ("https://login.example/device?" + "A" * 4000, "https://login.microsoft.com/device"),
    ):
        said = authorization(verification_uri_complete=complete, expires_on=NOW + 900)
        log = Log()
        prompt = prompt_for(said, tenant=None, client_id="c", scopes=("s",), where="pod")
        PromptBoard(log, Files()).show(prompt, now=NOW)
        assert read_codes(str(log.said[0]), dark=True) == [expected]


def test_qr_code_can_be_off() -> None:
    """SIDECAR_PROMPT_QR=off, or an output without such characters: none is drawn."""
    for log, qr in ((Log(), False), (Log(Screen(blocks=False)), True)):
        PromptBoard(log, Files(), qr=qr).show(PROMPT, now=NOW)
        assert "█" not in str(log.said[0])


def test_withdrawn_prompt_is_gone_from_the_files_and_told_once() -> None:
    """To the log and to every face, whatever comes after; nothing if none was open."""
    log, files, face = Log(), Files(), Face()
    board = PromptBoard(log, files, faces=[face])
    board.withdraw(Outcome.FAILED)
    assert log.events == face.told == []
    board.show(PROMPT, now=NOW)
    board.withdraw(Outcome.COMPLETED, username="alice")
    board.withdraw(Outcome.CANCELLED)
    assert files.shown is None
    assert [(one["event"], one["outcome"], one["username"]) for one in log.events] == [
        ("signin.withdrawn", "completed", "alice")
    ]
    issued, withdrawn = face.told
    assert (issued["event"], withdrawn["event"]) == ("signin.code_issued", "signin.withdrawn")
    assert withdrawn["outcome"] == "completed"


@pytest.mark.parametrize("outcome", Outcome)
def test_people_are_not_told_twice_and_programs_always(outcome: Outcome) -> None:
    """`signin.completed` and the like say it already; the withdrawal itself only where nothing else does."""
    levels = []
    for screen in (IN_A_LOG, None):
        log = Log(screen)
        board = PromptBoard(log, Files())
        board.show(PROMPT, now=NOW)
        board.withdraw(outcome)
        levels.append(log.events[-1]["level"])
    assert levels == ["info" if outcome is Outcome.CANCELLED else "debug", "info"]


def test_log_is_reminded_and_a_terminal_counts_down() -> None:
    """Never both; and neither once the prompt is withdrawn."""
    for screen, reminders, line in (
        (IN_A_LOG, 1, ""),
        (None, 1, ""),
        (ON_A_TERMINAL, 0, "Waiting for the sign-in: 10:00 left"),
    ):
        log = Log(screen)
        board = PromptBoard(log, Files())
        board.show(PROMPT, now=NOW)
        board.remind(601)
        board.tick(600)
        board.remind(600)
        board.remind(599)
        assert [one["event"] for one in log.events] == ["signin.reminder"] * reminders
        assert log.line_below == line
        board.withdraw(Outcome.EXPIRED)
        board.tick(300)
        board.remind(300)
        assert log.line_below == ""
        assert len(log.events) == reminders + 1


def test_reminder_has_all_that_is_needed_to_act() -> None:
    """For who opens the log late, with `--tail`."""
    log = Log()
    board = PromptBoard(log, Files())
    board.show(PROMPT, now=NOW)
    board.remind(300)
    (event,) = log.events
    assert event["verification_uri"] == PROMPT.verification_uri
    assert event["user_code"] == PROMPT.user_code
    assert event["seconds_left"] == 300


@pytest.mark.parametrize("action", ["show", "withdraw"])
def test_full_volume_keeps_no_prompt_out_of_the_log(action: str) -> None:
    """The person can act on the log alone."""
    log = Log()
    board = PromptBoard(log, Files(full=True))
    if action == "withdraw":
        board.withdraw(Outcome.COMPLETED)
        assert log.said == []
    else:
        board.show(PROMPT, now=NOW)
        assert len(log.said) == 2

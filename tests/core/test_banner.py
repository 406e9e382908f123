"""The prompt for people."""

from __future__ import annotations

from dataclasses import replace

import pytest
import segno

from sidecar.core.banner import banner, cells, countdown
from sidecar.core.half_blocks import Matrix, drawn
from sidecar.core.screen import Screen
from tests.core.prompts import prompt_of
from tests.core.strategies import NOW

PROMPT = replace(
    prompt_of(),
    where="reporting/dashboard-7d4b9c6f5d-x2x9z",
    phrase="amber otter",
    purpose="nightly report of the finance team",
    reason="The last sign-in has expired.",
)


def matrix(text: str) -> Matrix:
    """Its QR code."""
    code = segno.make(text, error="l", boost_error=False, micro=False)
    return tuple(tuple(row) for row in code.matrix)


CODE = matrix(PROMPT.verification_uri)


@pytest.mark.parametrize("columns", [40, 60, 79, 80, 200])
@pytest.mark.parametrize("live", [True, False])
def test_nothing_is_wider_than_the_screen(columns: int, live: bool) -> None:
    """Ordinary values, the QR code and the rules: no row wraps, and none is wider than 80."""
    text = banner(PROMPT, now=NOW, screen=Screen(columns, blocks=True, live=live), code=CODE)
    assert "█" in text
    assert max(map(cells, text.splitlines())) <= min(columns, 80)


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_all_that_a_person_decides_by_is_there(columns: int) -> None:
    """Who asks, what for, why now, the words to compare, app, tenant and scopes."""
    rows = banner(PROMPT, now=NOW, screen=Screen(columns, blocks=True, live=True), code=CODE)
    text = " ".join("".join(c for c in rows if c not in "█▀▄").split())
    for words in (
        "SIGN-IN NEEDED amber otter",
        "Asked by reporting/dashboard-7d4b9c6f5d-x2x9z",
        "For nightly report of the finance team",
        "Why now The last sign-in has expired.",
        "App 11111111-2222-4333-8444-555555555555",
        "Tenant aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
        "Scopes https://graph.microsoft.com/.default https://graph.microsoft.com/Mail.Read",
        "Sign in only if you started this yourself. Wherever this request is shown, it says "
        '"amber otter"; if the words differ, do nothing.',
    ):
        assert words in text


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_address_and_code_are_whole_words(columns: int) -> None:
    """At any width a double click gets each of them: nothing stands against them, nothing breaks them."""
    words = banner(PROMPT, now=NOW, screen=Screen(columns, blocks=True, live=True), code=CODE).split()
    assert "https://login.microsoft.com/device" in words
    assert "ABCDEFGHI" in words


def test_terminal_of_80_columns_shows_all_at_once() -> None:
    """Beside the QR code: 24 rows above the line that counts down."""
    rows = banner(PROMPT, now=NOW, screen=Screen(80, blocks=True, live=True), code=CODE).strip().splitlines()
    assert len(rows) <= 24 + 3
    (row,) = [row for row in rows if "ABCDEFGHI" in row]
    assert row.endswith("██")


def test_small_window_shows_the_words_last() -> None:
    """In a log and on a narrow terminal the QR code stands above what has to be read."""
    for screen in (Screen(blocks=True), Screen(40, blocks=True, live=True)):
        text = banner(PROMPT, now=NOW, screen=screen, code=CODE)
        assert text.rindex("█") < text.index("1. Open")


def test_qr_code_is_left_out_where_it_cannot_be_shown() -> None:
    """No such characters, no room, or no code: the banner is the same without it."""
    bare = banner(PROMPT, now=NOW)
    assert "█" not in bare
    assert banner(PROMPT, now=NOW, screen=Screen(blocks=False), code=CODE) == bare
    assert banner(PROMPT, now=NOW, screen=Screen(blocks=True)) == bare
    assert "█" not in banner(PROMPT, now=NOW, screen=Screen(30, blocks=True, live=True), code=CODE)


@pytest.mark.parametrize(("length", "fits"), [(34, True), (78, True), (79, False), (500, False)])
def test_qr_code_is_never_wider_than_40_columns(length: int, fits: bool) -> None:
    """78 characters is the most that does; what does not fit is not shown cut."""
    rows = drawn(matrix("u" * length), columns=80)
    assert bool(rows) is fits
    assert {len(row) for row in rows} <= {37, 39}
    assert all(row[:2] == row[-2:] == "██" for row in rows)


def test_authoritys_own_words_are_shown_in_the_language_asked_for() -> None:
    """And not if none was: they say the same in English."""
    words = (
        "Rufen Sie die Seite https://login.microsoft.com/device auf, und geben Sie den Code ABCDEFGHI ein."
    )
    prompt = replace(PROMPT, message=words)
    assert "Rufen Sie" not in banner(prompt, now=NOW)
    for columns in (40, 80):
        text = banner(replace(prompt, localised=True), now=NOW, screen=Screen(columns, live=True))
        assert words in " ".join(text.split())


def test_language_without_blanks_is_broken_at_the_edge() -> None:
    """Japanese letters take two columns, and its sentences have no blanks."""
    words = "ブラウザーで次のページを開き、このコードを入力してサインインしてください。" * 2
    text = banner(replace(PROMPT, message=words, localised=True), now=NOW, screen=Screen(40, live=True))
    assert max(map(cells, text.splitlines())) <= 40
    assert words in "".join(text.split())


def test_long_name_of_a_pod_is_broken_behind_its_namespace() -> None:
    """A pod's name has up to 63 letters, and what asks is all there."""
    prompt = replace(PROMPT, where="finance/nightly-report-7d4b9c6f5d-x2x9z")
    rows = banner(prompt, now=NOW, screen=Screen(40, live=True)).splitlines()
    at = next(i for i, row in enumerate(rows) if "Asked by" in row)
    assert [row.strip() for row in rows[at : at + 3]] == [
        "Asked by",
        "finance/",
        "nightly-report-7d4b9c6f5d-x2x9z",
    ]
    assert max(map(len, rows)) <= 40


def test_word_longer_than_the_row_stands_alone() -> None:
    """An address in the middle of a sentence is not cut, nor are the words before it lost."""
    long = "https://login.example/" + "x" * 60
    prompt = replace(PROMPT, purpose=f"see {long} for more")
    rows = banner(prompt, now=NOW).splitlines()
    assert any(row.strip() == long for row in rows)
    assert any(row.endswith("see") for row in rows)


@pytest.mark.parametrize(
    ("left", "columns", "line"),
    [
        (754.9, 80, "Waiting for the sign-in: 12:34 left"),
        (5, 80, "Waiting for the sign-in: 0:05 left"),
        (-3, 80, "Waiting for the sign-in: 0:00 left"),
        (3725, 35, "62:05 left"),
        (754, 35, "12:34 left"),
        (754, 5, "12:3"),
    ],
)
def test_countdown_never_fills_the_row(left: float, columns: int, line: str) -> None:
    """A row that wraps could not be written over."""
    assert countdown(left, columns=columns) == line

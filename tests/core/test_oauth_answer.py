"""Answers of an OAuth endpoint: nothing in them is trusted to have its type."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.oauth_answer import for_msal, not_oauth, seconds_of, text_of
from sidecar.core.printable import printable
from sidecar.core.refusal import refusal
from sidecar.errors import (
    AuthorityBusy,
    AuthorityMisconfigured,
    SidecarError,
    SigninBlocked,
    SigninRequired,
)
from tests.core.strategies import json_values

KEYS = ["error", "suberror", "error_description", "error_codes", "correlation_id", "timestamp", "trace_id"]
ENTRA = {
    "error": "invalid_grant",
    "suberror": "bad_token",
    "error_description": "AADSTS70043: The refresh token has expired. Trace ID: 1 Correlation ID: 2",
    "error_codes": [70043],
    "timestamp": "2026-01-31 12:00:00Z",
    "trace_id": "1",
    "correlation_id": "2",
}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("invalid_grant", SigninRequired),
        ("invalid_client", AuthorityMisconfigured),
        ("temporarily_unavailable", AuthorityBusy),
        ("", AuthorityBusy),
        (None, AuthorityBusy),
    ],
)
def test_refusal_is_named_by_what_has_to_happen_next(error: str | None, kind: type[SidecarError]) -> None:
    """Sign in, change the configuration, or try again; an answer without an error is tried again."""
    assert type(refusal({"error": error})) is kind


def test_policy_and_loops_are_refusals_of_their_own() -> None:
    """What no person can cure asks none; a loop is left alone for at least five minutes."""
    assert type(refusal({"error": "invalid_grant", "suberror": "message_only"})) is SigninBlocked
    assert type(refusal({"error": "invalid_grant", "error_codes": [530036]})) is SigninBlocked
    loop = refusal({"error": "invalid_grant", "error_codes": [50196]})
    assert isinstance(loop, AuthorityBusy)
    assert (loop.retry_after or 0) >= 300


def test_refusal_tells_what_an_administrator_asks_for() -> None:
    """Number, correlation id and time are fields; the description is one sentence."""
    said = refusal(ENTRA)
    assert said.message == "invalid_grant: AADSTS70043: The refresh token has expired."
    assert said.fields == {
        "error": "invalid_grant",
        "suberror": "bad_token",
        "aadsts": "70043",
        "correlation_id": "2",
        "authority_time": "2026-01-31 12:00:00Z",
        "cure": "sign in",
        "see": "docs/errors.md#aadsts-70043",
    }
    assert "Sign-in frequency" in said.advice


@given(
    answer=st.dictionaries(st.sampled_from(KEYS), json_values, max_size=7),
)
def test_refusal_survives_any_answer(answer: dict[str, object]) -> None:
    """Whatever type a field has, the result is one printable, bounded line and printable fields."""
    said = refusal(answer)
    assert said.message.isprintable()
    assert 0 < len(said.message) <= 400
    assert all(isinstance(value, str) and value.isprintable() for value in said.fields.values())


@pytest.mark.parametrize("codes", [7, True, "70043", {"70043": 1}, None, [True, "70043", 1.5]])
def test_numbers_of_another_type_are_no_numbers(codes: object) -> None:
    """Only a list of integers holds error numbers."""
    assert "aadsts" not in refusal({"error": "invalid_grant", "error_codes": codes}).fields


def part(document: object) -> str:
    """base64url of JSON."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


GRANT = {
    "access_token": "a",
    "refresh_token": "r",
    "scope": "s",
    "expires_in": 3600,
    "id_token": f"{part({})}.{part({'sub': 'me'})}.",
    "client_info": part({"uid": "u", "utid": "t"}),
}


def test_grant_reaches_msal_as_it_is() -> None:
    """Nothing of a sound answer is changed."""
    assert for_msal(GRANT) == GRANT


def test_refusal_brings_no_refresh_token() -> None:
    """MSAL would put it in the place of the one that works."""
    assert "refresh_token" not in for_msal({**GRANT, "error": "temporarily_unavailable"})


ODD_FIELDS: dict[str, list[object]] = {
    "refresh_token": [None, "", 5, ["r"], {}, "\ud800", "r\r\nX-Forged: 1", "é"],
    "access_token": [None, 5, []],
    "scope": [None, 5, []],
    "token_type": [None, 5],
    "foci": [None, 5],
    "id_token": [None, "abc", "a.b.c", f".{part([])}.", f".{part({'sub': 5})}.", 5],
    "client_info": [None, "%", part(5), part({"uid": "u"}), part({"uid": "u\r\n", "utid": "t"})],
    "expires_on": ["soon"],
    "id_token_claims": [{"sub": "forged"}],
}


@pytest.mark.parametrize(("name", "value"), [(name, odd) for name in ODD_FIELDS for odd in ODD_FIELDS[name]])
def test_msal_is_not_given_what_it_cannot_file(name: str, value: object) -> None:
    """On such a field it would fail before it has kept the refresh token, or keep what it can never send."""
    assert for_msal({**GRANT, name: value}) == {key: kept for key, kept in GRANT.items() if key != name}


@given(value=st.text(), limit=st.integers(0, 50))
def test_printable_is_one_bounded_line(value: str, limit: int) -> None:
    """No control character, no second line, no double space, nothing beyond the limit."""
    text = printable(value, limit)
    assert text.isprintable()
    assert len(text) <= limit
    assert "  " not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\r\nb", "a b"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("left\u202eright", "left right"),
        ("zero\u200bwidth", "zero width"),
        ("\x9b2J", "2J"),
        ("  Grüße, 世界  ", "Grüße, 世界"),
        (None, ""),
        (12, "12"),
    ],
)
def test_printable_keeps_words_and_drops_commands(value: object, text: str) -> None:
    """Escape sequences, direction marks and line ends lose their effect; words of any script stay."""
    assert printable(value, 100) == text


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (3600, 3600),
        (3599.9, 3599),
        ("3600", 3600),
        (" 3600 ", 3600),
        (0, 0),
        ("9" * 5000, 9_999_999_999),
        (1e300, 7),
        (float("inf"), 7),
        (float("nan"), 7),
        (True, 7),
        ("soon", 7),
        ("-5", 7),
        ("1e3", 7),
        ("²", 7),
        (None, 7),
        ([3600], 7),
    ],
)
def test_seconds_are_numbers_or_digits(value: object, seconds: int) -> None:
    """Some providers send durations as text; what is no duration is the default."""
    assert seconds_of(value, 7) == seconds


@given(value=json_values)
def test_seconds_of_anything_are_whole_and_bounded(value: object) -> None:
    """Adding them to an instant never overflows."""
    found = seconds_of(value, 7)
    assert type(found) is int
    assert abs(found) <= 10**10


def test_text_is_there_or_none() -> None:
    """An empty text, a number and a missing one are all none."""
    answer = {"a": "x", "b": "", "c": 5}
    assert [text_of(answer, name) for name in "abcd"] == ["x", None, None, None]


def test_answer_that_is_no_oauth_is_a_matter_of_configuration() -> None:
    """Another server's page: somebody has to look at the URL."""
    error = not_oauth("without a token")
    assert error.exit_code == 78
    assert "URL" in error.advice

"""What an error of the authority means: its name decides, the number advises, two hold a prompt back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.advice import BY_NUMBER, ROWS, Action, Phase, Row
from sidecar.core.entra_errors import ACTIONS, PROMPT_HELD_BACK, SUBERRORS, diagnose
from sidecar.errors import SidecarError
from tests.errors_page import every_class

SPECIFIED = {
    "invalid_grant": Action.SIGN_IN,
    "interaction_required": Action.SIGN_IN,
    "login_required": Action.SIGN_IN,
    "consent_required": Action.SIGN_IN,
    "invalid_client": Action.CONFIGURATION,
    "unauthorized_client": Action.CONFIGURATION,
    "invalid_request": Action.CONFIGURATION,
    "invalid_scope": Action.CONFIGURATION,
    "invalid_resource": Action.CONFIGURATION,
    "unsupported_grant_type": Action.CONFIGURATION,
    "temporarily_unavailable": Action.RETRY,
    "server_error": Action.RETRY,
}

# What the person has to find in the advice for a number.
WORDS = {
    90002: "AZURE_TENANT_ID",
    900382: "AZURE_AUTHORITY_HOST",
    50059: "AZURE_TENANT_ID",
    50194: "shared endpoint",
    700016: "AZURE_CLIENT_ID",
    7000112: "Enabled for users to sign-in",
    9002332: "Supported account types",
    7000218: "Allow public client flows",
    70011: "SIDECAR_SCOPES",
    28000: "one resource each",
    500011: "API permissions",
    65002: "app registration of your own",
    900144: "report it",
    700084: "Mobile and desktop applications",
    65001: "Consent is missing",
    90094: "administrator",
    50076: "multifactor",
    50079: "https://aka.ms/mfasetup",
    53003: "Sign-in logs",
    53011: "Risky users",
    530036: "new sign-in does not help",
    53000: "managed device",
    50057: "enable the account",
    700082: "expired",
    70043: "Sign-in frequency",
    50173: "revoked",
    50055: "Change the password",
    50020: "account of this tenant",
    50105: "Assignment required",
    50134: "data centre",
    65004: "Accept",
    70018: "newest code",
    90120: "into the page",
    50196: "left alone",
    50033: "status.azure.com",
    90055: "more slowly",
    70016: "the code is open",
    50199: "says yes",
    50126: "browser",
    50072: "second factor",
}

errors = st.sampled_from(sorted(SPECIFIED)) | st.text(max_size=20)
suberrors = st.sampled_from(["", *sorted(SUBERRORS)]) | st.text(max_size=20)
numbers = st.sampled_from(sorted(BY_NUMBER)) | st.integers()
unheard_of = st.integers(10_000_000)


@pytest.mark.parametrize(("error", "action"), SPECIFIED.items())
def test_errors_of_the_specifications_are_known(error: str, action: Action) -> None:
    """RFC 6749 section 5.2, OpenID Connect Core 3.1.2.6 and Entra's own."""
    assert diagnose(error).action is action


@given(error=errors, suberror=suberrors, codes=st.lists(numbers, max_size=4))
def test_number_does_nothing_but_hold_a_prompt_back(error: str, suberror: str, codes: list[int]) -> None:
    """Numbers change without notice: none asks a person, stops a role, or ends a retry; two ask nobody."""
    named, numbered = diagnose(error, suberror=suberror), diagnose(error, suberror=suberror, codes=codes)
    if numbered.action is not named.action:
        assert named.action is Action.SIGN_IN
        assert numbered.action in {PROMPT_HELD_BACK[code] for code in codes if code in PROMPT_HELD_BACK}


@pytest.mark.parametrize("error", ["invalid_grant", "interaction_required"])
def test_blocked_device_code_flow_and_loops_ask_nobody(error: str) -> None:
    """530036: only an administrator can help. 50196: only a pause of five minutes does."""
    assert diagnose(error, codes=[530036]).action is Action.ADMINISTRATOR
    loop = diagnose(error, codes=[50196])
    assert (loop.action, loop.pause_seconds) == (Action.RETRY, 300)


@pytest.mark.parametrize("number", PROMPT_HELD_BACK)
def test_number_that_holds_a_prompt_back_stops_and_starts_nothing_else(number: int) -> None:
    """Beside an error of the configuration or one that passes it only advises."""
    assert diagnose("invalid_client", codes=[number]).action is Action.CONFIGURATION
    passing = diagnose("server_error", codes=[number])
    assert (passing.action, passing.pause_seconds) == (Action.RETRY, None)


@pytest.mark.parametrize("suberror", SUBERRORS)
def test_suberror_decides_for_errors_that_a_person_cures(suberror: str) -> None:
    """`message_only` is what no sign-in cures; the others are asked for, in their own words."""
    said = diagnose("invalid_grant", suberror=suberror)
    assert said.action is (Action.ADMINISTRATOR if suberror == "message_only" else Action.SIGN_IN)
    assert said.advice == SUBERRORS[suberror][1]
    assert diagnose("invalid_client", suberror=suberror) == diagnose("invalid_client")
    assert diagnose("unheard_of", suberror=suberror) == diagnose("unheard_of")


@given(number=st.sampled_from(sorted(BY_NUMBER)))
def test_where_nobody_is_asked_the_advice_asks_nobody_to_sign_in(number: int) -> None:
    """The number's own advice gives way to that of `message_only`, unless it names the administrator too."""
    said = diagnose("invalid_grant", suberror="message_only", codes=[number])
    assert said.cure is Action.ADMINISTRATOR
    own = BY_NUMBER[number]
    expected = own.advice if own.cure is Action.ADMINISTRATOR else SUBERRORS["message_only"][1]
    assert said.advice == expected


@given(error=errors, suberror=suberrors, codes=st.lists(unheard_of, max_size=4))
def test_unknown_number_gets_the_advice_of_the_error(error: str, suberror: str, codes: list[int]) -> None:
    """A number that Microsoft adds tomorrow says no less than none."""
    assert diagnose(error, suberror=suberror, codes=codes) == diagnose(error, suberror=suberror)


@given(error=st.text(max_size=20).map(lambda text: f"unheard_of_{text}"))
def test_error_nobody_has_heard_of_is_retried(error: str) -> None:
    """It costs nobody a prompt and stops no pod."""
    assert diagnose(error).action is Action.RETRY


@pytest.mark.parametrize(("number", "words"), WORDS.items())
@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", "unheard_of"])
def test_number_picks_the_advice_whatever_the_error(number: int, words: str, error: str) -> None:
    """The person who reads the log learns what to do, on one printable line, and where to read on."""
    said = diagnose(error, codes=[number])
    assert words in said.advice
    assert said.advice.isprintable()
    assert said.see == f"docs/errors.md#aadsts-{number}"


def test_every_row_is_among_the_words_above() -> None:
    """No advice is without a test of its own."""
    assert {row.title for row in ROWS} == {BY_NUMBER[number].title for number in WORDS}


def test_first_number_that_is_known_wins() -> None:
    """Entra lists the cause first; numbers nobody knows are passed over."""
    consent = diagnose("invalid_grant", codes=[65001])
    assert diagnose("invalid_grant", codes=[99999999, 65001, 50076]) == consent


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_row_is_whole(row: Row) -> None:
    """Each number stands in one row, has a meaning, comes as an error that is known, and has a source."""
    assert all(BY_NUMBER[number] is row and meaning for number, meaning in row.numbers.items())
    assert row.unverified <= row.numbers.keys()
    assert row.seen_at
    assert row.source
    assert all(re.fullmatch(r"https://(learn\.microsoft|github)\.com/[\w./-]+", url) for url in row.source)
    polled = {
        "expired_token",
        "bad_verification_code",
        "code_expired",
        "authorization_declined",
        "access_denied",
    }
    for name in row.comes_as:
        error, _, suberror = name.partition("/")
        assert error in ACTIONS.keys() | polled
        assert suberror in {"", *SUBERRORS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_cure_that_is_told_fits_what_happens(row: Row) -> None:
    """As the error usually comes, nobody is told to sign in where nothing is asked, nor to wait for ever."""
    if row.seen_at == (Phase.BROWSER,):
        return
    action = diagnose(row.comes_as[0].partition("/")[0], codes=list(row.numbers)).action
    allowed = {
        Action.WAIT: {Action.WAIT},
        Action.RETRY: {Action.RETRY},
        Action.CONFIGURATION: {Action.CONFIGURATION, Action.SIGN_IN},
        Action.ADMINISTRATOR: {Action.ADMINISTRATOR, Action.SIGN_IN},
        Action.SIGN_IN: {Action.SIGN_IN, Action.RETRY},
    }
    assert action in allowed[row.cure]


def test_cures_of_our_own_errors_are_those_of_the_table() -> None:
    """One vocabulary in the log."""
    kinds: list[type[SidecarError]] = list(every_class())
    assert {kind.cure for kind in kinds} <= {action.value for action in Action}

"""What an error of the authority means: `error` decides, the number only advises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.entra_errors import Action, diagnose

ACTIONS = {
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
ADVICE = {
    90002: "AZURE_TENANT_ID",
    900382: "AZURE_AUTHORITY_HOST",
    50059: "AZURE_TENANT_ID",
    50194: "shared endpoint",
    700016: "AZURE_CLIENT_ID",
    7000218: "Allow public client flows",
    70011: "SIDECAR_SCOPES",
    28000: "one resource each",
    65001: "Consent is missing",
    90094: "administrator",
    50076: "multifactor",
    53003: "correlation id",
    530036: "a new sign-in does not help",
    53000: "managed device",
    700082: "expired",
    70043: "Sign-in frequency",
    50173: "revoked",
    50020: "account of this tenant",
    50105: "Assignment required",
    50196: "left alone",
}

errors = st.sampled_from(sorted(ACTIONS)) | st.text(max_size=20)
numbers = st.sampled_from(sorted(ADVICE)) | st.integers()
unheard_of = st.integers(10_000_000)


@pytest.mark.parametrize(("error", "action"), ACTIONS.items())
def test_errors_of_the_specifications_are_known(error: str, action: Action) -> None:
    """RFC 6749 section 5.2, OpenID Connect Core 3.1.2.6 and Entra's own."""
    assert diagnose(error).action is action


@given(error=errors, codes=st.lists(numbers, max_size=4))
def test_error_decides_the_action_whatever_the_number(error: str, codes: list[int]) -> None:
    """Numbers change without notice; nobody is prompted or stopped because of one."""
    assert diagnose(error, codes=codes).action is diagnose(error).action


@given(error=errors, codes=st.lists(unheard_of, max_size=4))
def test_unknown_number_gets_the_advice_of_the_error(error: str, codes: list[int]) -> None:
    """A number that Microsoft adds tomorrow says no less than none."""
    assert diagnose(error, codes=codes) == diagnose(error)


@given(error=st.text(max_size=20).map(lambda text: f"unheard_of_{text}"))
def test_error_nobody_has_heard_of_is_retried(error: str) -> None:
    """It costs nobody a prompt and stops no pod."""
    assert diagnose(error).action is Action.RETRY


@pytest.mark.parametrize(("number", "words"), ADVICE.items())
@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", "unheard_of"])
def test_number_picks_the_advice_whatever_the_error(number: int, words: str, error: str) -> None:
    """The person who reads the log learns what to do, on one printable line."""
    advice = diagnose(error, codes=[number]).advice
    assert words in advice
    assert advice.isprintable()


def test_first_number_that_is_known_wins() -> None:
    """Entra lists the cause first; numbers nobody knows are passed over."""
    consent = diagnose("invalid_grant", codes=[65001])
    assert diagnose("invalid_grant", codes=[99999999, 65001, 50076]) == consent


def test_blocked_device_code_flow_is_told_from_other_policies() -> None:
    """530036: only an administrator can help, and the advice must not send people to the prompt again."""
    assert diagnose("invalid_grant", codes=[530036]).advice != diagnose("invalid_grant", codes=[53003]).advice

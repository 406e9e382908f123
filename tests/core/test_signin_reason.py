"""Why a person is asked, in words."""

from __future__ import annotations

import pytest

from sidecar.core.refusal import refusal
from sidecar.core.signin_reason import reason
from sidecar.errors import AccountRefused, SigninRequired


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (50076, "Multifactor authentication"),
        (65001, "consent"),
        (70043, "limits how long"),
        (700082, "expired"),
        (50173, "revoked"),
        (53003, "policy"),
        (99999, "not accepted any more"),
    ],
)
def test_reason_is_what_the_authority_said_in_plain_words(code: int, words: str) -> None:
    """No number, no name of an error, nothing that was sent: one short sentence."""
    said = refusal({"error": "invalid_grant", "error_codes": [code], "error_description": "AADSTS: secret"})
    assert words in reason(said)
    assert reason(said).endswith(".")
    assert len(reason(said)) < 70
    assert "AADSTS" not in reason(said)


def test_first_signin_needs_no_error() -> None:
    """Nothing was refused: there is nobody yet."""
    assert reason(SigninRequired("nobody is signed in")) == "Nobody is signed in."


def test_renewal_for_somebody_else_does_not_say_that_nobody_is_signed_in() -> None:
    """No error of the authority's: it granted a token, and not to whom it should."""
    assert "another account" in reason(AccountRefused("the authority renewed the token of a with one of b"))

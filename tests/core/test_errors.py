"""The error tree: what the exit codes promise to whoever starts the container."""

from __future__ import annotations

import pytest

from sidecar import errors
from sidecar.errors import EXIT_CODES, AuthorityBusy, SettingsError, of_kind
from tests.errors_page import every_class


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (64, {"UsageError"}),
        (69, {"AuthorityUnreachable", "AuthorityUntrusted"}),
        (73, {"DirectoryError"}),
        (75, {"AuthorityBusy", "TokenUnusable", "SigninTimedOut"}),
        (77, {"SigninRequired", "SigninBlocked", "SigninDeclined", "AccountRefused"}),
        (78, {"SettingsError", "DirectoryRefused", "CacheSealed", "AuthorityMisconfigured"}),
    ],
)
def test_exit_codes_are_those_of_the_contract(code: int, names: set[str]) -> None:
    """Scripts and manifests branch on them."""
    assert {getattr(errors, name).exit_code for name in names} == {code}


def test_every_error_ends_with_a_declared_code() -> None:
    """No class invents one that the documentation does not explain."""
    ends = {kind.__name__: kind.exit_code for kind in every_class()}
    assert {name: code for name, code in ends.items() if code == 0 or code not in EXIT_CODES} == {}


def test_nothing_that_needs_a_person_is_retried_by_itself() -> None:
    """A prompt, a refused account, wrong usage or configuration: trying again changes none of it."""
    assert not [kind for kind in every_class() if kind.retryable and kind.exit_code in {64, 73, 77, 78}]


def test_settings_error_tells_all_mistakes() -> None:
    """In its message for the log, and one by one for the terminal."""
    error = SettingsError(["A: missing", "B: no number"])
    assert error.mistakes == ["A: missing", "B: no number"]
    assert str(error) == "settings: A: missing; B: no number"


@pytest.mark.parametrize(
    "kind", sorted({each.__name__ for each in every_class()} & vars(errors).keys() - {"SettingsError"})
)
def test_failure_is_remembered_as_what_it_was(kind: str) -> None:
    """The same code, cure and chapter; a busy authority is still worth waiting for."""
    known = getattr(errors, kind)
    again = of_kind(known.anchor(), "why", retry_after=7)
    assert (type(again), again.message, again.exit_code) == (known, "why", known.exit_code)
    assert getattr(again, "retry_after", 7) == 7


@pytest.mark.parametrize("kind", [None, "", "of-another-version", "settings-error"])
def test_failure_of_an_unknown_kind_may_pass(kind: str | None) -> None:
    """A journal of another version, or a damaged one: 75."""
    again = of_kind(kind, "why", retry_after=7)
    assert isinstance(again, AuthorityBusy)
    assert again.retry_after == 7

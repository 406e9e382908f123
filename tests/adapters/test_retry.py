"""Trying again inside a turn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sidecar.adapters.retry import PATIENCE_SECONDS, persistently, worth_another_try
from sidecar.errors import (
    AuthorityBusy,
    AuthorityUnreachable,
    AuthorityUntrusted,
    SidecarError,
    SigninRequired,
)


def failing(*errors: BaseException) -> Callable[[], str]:
    """Fails with each error in turn, then succeeds."""
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


def busy(retry_after: int | None) -> AuthorityBusy:
    """A 429."""
    return AuthorityBusy("busy", retry_after=retry_after)


def test_success_takes_one_call_and_no_rest() -> None:
    """The usual case."""
    rests: list[float] = []
    assert persistently(failing(), attempts=3, rest=rests.append) == "done"
    assert rests == []


def test_pauses_double_up_to_a_quarter_of_a_minute() -> None:
    """2, 4, 8 s and then 15 s; each pause is reported before it is taken, with its cause."""
    steps: list[tuple[str, object, float]] = []
    errors = [AuthorityUnreachable(str(number)) for number in range(5)]
    result = persistently(
        failing(*errors),
        attempts=6,
        rest=lambda seconds: steps.append(("rest", None, seconds)),
        before_retry=lambda error, seconds: steps.append(("report", error, seconds)),
    )
    assert result == "done"
    pauses = [2.0, 4.0, 8.0, 15.0, 15.0]
    assert steps == [
        step
        for error, pause in zip(errors, pauses, strict=True)
        for step in (("report", error, pause), ("rest", None, pause))
    ]


def test_last_failure_is_the_one_told() -> None:
    """After the last attempt there is no further rest, and no wrapper around the error."""
    rests: list[float] = []
    errors = [AuthorityUnreachable("first"), AuthorityUnreachable("second")]
    with pytest.raises(AuthorityUnreachable, match="second"):
        persistently(failing(*errors), attempts=2, rest=rests.append)
    assert rests == [2.0]


@pytest.mark.parametrize(
    ("asked", "rest"), [(None, 2.0), (0, 2.0), (1, 2.0), (7, 7.0), (PATIENCE_SECONDS, 10.0)]
)
def test_server_that_asks_for_a_longer_pause_gets_it(asked: int | None, rest: float) -> None:
    """Retry-After counts if it is longer than our own pause."""
    rests: list[float] = []
    assert persistently(failing(busy(asked)), attempts=2, rest=rests.append) == "done"
    assert rests == [rest]


@pytest.mark.parametrize(
    "error",
    [
        busy(PATIENCE_SECONDS + 1),
        AuthorityUntrusted("tls"),
        SigninRequired("no"),
        KeyError("bug"),
        SystemExit(),
    ],
)
def test_failure_that_a_pause_does_not_cure_is_told_at_once(error: BaseException) -> None:
    """Too long a Retry-After is left to the schedule; the rest needs a person or a change."""
    with pytest.raises(type(error)):
        persistently(failing(error), attempts=3, rest=lambda _: pytest.fail("rested"))
    assert not worth_another_try(error)


def test_every_retryable_error_is_tried_again() -> None:
    """The error class decides, not the place that raises it."""

    class Passing(SidecarError):
        retryable = True

    assert worth_another_try(Passing("x"))
    assert not worth_another_try(SidecarError("x"))

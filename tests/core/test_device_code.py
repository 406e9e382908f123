"""The polling table: RFC 8628 section 3.5."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import device_code
from sidecar.core.device_code import Answer, DeviceAuthorization, Polling, State
from tests.core.strategies import NOW

EXPIRES_ON = NOW + 900

polls = st.lists(st.tuples(st.sampled_from(Answer), st.floats(NOW, NOW + 2000)), max_size=40)
patient = st.sampled_from([Answer.PENDING, Answer.SLOW_DOWN, Answer.TROUBLE])


def polling_at(interval_seconds: int = 5) -> Polling:
    """A code just begun, valid for 15 min."""
    return device_code.start(
        DeviceAuthorization(
            user_code="ABCD-EFGH",
            verification_uri="https://login.example/device",
            verification_uri_complete=None,
            expires_on=EXPIRES_ON,
            interval_seconds=interval_seconds,
        )
    )


@pytest.mark.parametrize(
    ("given", "used"), [(-5, 1), (0, 1), (1, 1), (5, 5), (60, 60), (61, 60), (10**9, 60)]
)
def test_interval_of_the_authority_is_clamped(given: int, used: int) -> None:
    """Between a second and a minute: 0 would never let go, an hour would outlive the code."""
    assert polling_at(given).interval_seconds == used


@given(answers=st.lists(patient, max_size=40), interval=st.integers(1, 60))
def test_slow_down_adds_five_seconds_for_good(answers: list[Answer], interval: int) -> None:
    """Every slow_down counts, nothing ever takes it back, a minute is the limit."""
    polling = polling_at(interval)
    for answer in answers:
        polling = device_code.advance(polling, answer, now=NOW)
    assert polling.interval_seconds == min(interval + 5 * answers.count(Answer.SLOW_DOWN), 60)
    assert polling.state is State.PENDING


@given(polls=polls)
def test_every_final_state_is_final(polls: list[tuple[Answer, float]]) -> None:
    """The first answer that ends the conversation ends it for ever, time or no time."""
    polling = polling_at()
    ended = None
    for answer, now in polls:
        polling = device_code.advance(polling, answer, now=now)
        if ended is None and polling.state is not State.PENDING:
            ended = polling
        assert ended is None or polling == ended


@given(answer=patient, late=st.floats(0, 1e6))
def test_expiry_wins_over_pending(answer: Answer, late: float) -> None:
    """A code that would be waited for past its life is expired, whatever the authority says."""
    polling = device_code.advance(polling_at(), answer, now=EXPIRES_ON + late)
    assert polling.state is State.EXPIRED


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer.GRANTED, State.GRANTED),
        (Answer.DECLINED, State.DECLINED),
        (Answer.REFUSED, State.REFUSED),
        (Answer.EXPIRED, State.EXPIRED),
    ],
)
@pytest.mark.parametrize("now", [NOW, EXPIRES_ON + 5])
def test_definite_answer_counts_even_if_it_comes_late(answer: Answer, state: State, now: int) -> None:
    """A grant in the code's last second is not thrown away; nor is a refusal hidden by a new code."""
    assert device_code.advance(polling_at(), answer, now=now).state is state


def test_troubles_double_the_pause_until_an_answer_comes() -> None:
    """5, 10, 20, 30, 30 s while the authority is in trouble; then the interval again."""
    polling, pauses = polling_at(5), []
    for answer in [Answer.PENDING, *[Answer.TROUBLE] * 8, Answer.PENDING]:
        polling = device_code.advance(polling, answer, now=NOW)
        pauses.append(device_code.wait_seconds(polling))
    assert pauses == [5, 10, 20, 30, 30, 30, 30, 30, 30, 5]


@given(polls=polls, interval=st.integers(1, 60), retry_after=st.none() | st.integers(-5, 10**9))
def test_pause_is_never_below_the_interval_nor_above_an_hour(
    polls: list[tuple[Answer, float]], interval: int, retry_after: int | None
) -> None:
    """Retry-After lengthens a pause up to an hour; our own back-off never exceeds half a minute."""
    polling = polling_at(interval)
    for answer, now in polls:
        polling = device_code.advance(polling, answer, now=now)
    own = device_code.wait_seconds(polling)
    asked = device_code.wait_seconds(polling, retry_after=retry_after)
    assert polling.interval_seconds <= own <= max(polling.interval_seconds, 30)
    assert asked == max(own, min(retry_after or 0, 3600))


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        ("authorization_pending", Answer.PENDING),
        ("slow_down", Answer.SLOW_DOWN),
        ("access_denied", Answer.DECLINED),
        ("expired_token", Answer.EXPIRED),
        ("authorization_declined", Answer.DECLINED),
        ("code_expired", Answer.EXPIRED),
        ("bad_verification_code", Answer.EXPIRED),
        ("temporarily_unavailable", Answer.TROUBLE),
    ],
)
def test_errors_of_the_specification_and_of_entra_are_known(error: str, answer: Answer) -> None:
    """RFC 8628 has four; Entra has names of its own beside them."""
    assert device_code.answer_for(error) is answer


@given(error=st.text())
def test_any_other_error_ends_the_polling(error: str) -> None:
    """RFC 8628: on any other error the client stops. Case and spaces make another error."""
    assert device_code.answer_for(f" {error}") is Answer.REFUSED

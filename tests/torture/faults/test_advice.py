"""Each of Entra's numbers, from the stand-in through MSAL to the log: what people are told, what happens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sidecar.core import advice
from sidecar.core.advice import BY_NUMBER, ROWS
from tests.emulator.faults import Refuse
from tests.emulator.kinds import KINDS
from tests.torture import figures
from tests.torture.faults.rows import Expected, Outcome, Phase, Row
from tests.torture.faults.table import Cell
from tests.torture.faults.trial import HEALED_WITHIN_SECONDS, LASTING_SECONDS, SUITE, Trial
from tests.torture.scale import scaled

PERSON = {"invalid_grant", "interaction_required", "consent_required"}
ENDS_A_CODE = {"expired_token", "code_expired", "bad_verification_code"}
LOOP, FLOW_BLOCKED = 50196, 530036
BLOCKED_PAUSE_SECONDS = 900
EACH_ROW, EACH_NUMBER = 1, 100
Case = tuple[int, Phase]

CASES: list[Case] = [
    (number, Phase[phase.name])
    for row in ROWS
    for phase in row.seen_at
    if phase is not advice.Phase.BROWSER
    for number in list(row.numbers)[: scaled(EACH_ROW, EACH_NUMBER)]
]
RENEWALS = [number for number, phase in CASES if phase is Phase.RENEWAL]


def named(case: Case) -> str:
    """For the list of tests."""
    return f"{case[1].name.lower()}: AADSTS{case[0]}"


def outcome(number: int) -> tuple[Outcome, int]:
    """What the product does about it, and what `signin` ends with where it lasts."""
    kind = KINDS[number]
    if kind.suberror == "message_only" or number == FLOW_BLOCKED:
        return Outcome.RETRIED, 77
    if kind.error == "temporarily_unavailable" or number == LOOP:
        return Outcome.RETRIED, 75
    return (Outcome.PROMPTED, 77) if kind.error in PERSON else (Outcome.STOPPED, 78)


def expected_code(number: int, phase: Phase) -> int:
    """What the role `signin` ends with. A code that is being polled outlives what passes; a person who is
    asked in the place of a refused renewal signs in.
    """
    error, (_, code) = KINDS[number].error, outcome(number)
    if phase is Phase.RENEWAL and outcome(number)[0] is Outcome.PROMPTED:
        return 0
    if phase is not Phase.POLL:
        return code
    if error == "authorization_declined":
        return 77
    passes = code == 75 or error == "authorization_pending" or error in ENDS_A_CODE
    return 0 if passes else code


def trial_of(try_cell: Callable[..., Trial], number: int, phase: Phase) -> Trial:
    """A pod, and the number in wait for its next request of the phase."""
    row = Row(f"AADSTS{number}", Refuse(number))
    return try_cell(Cell(row, phase, Expected(outcome(number)[0])))


def test_stand_in_words_every_number_as_the_table_says() -> None:
    """What reaches a client is in both, under an `error` and `suberror` that docs/errors.md names."""
    reach = {number for number, row in BY_NUMBER.items() if row.seen_at != (advice.Phase.BROWSER,)}
    assert reach == KINDS.keys()
    for number, kind in KINDS.items():
        name = f"{kind.error}/{kind.suberror}" if kind.suberror else kind.error
        assert name in BY_NUMBER[number].comes_as, number


@pytest.mark.parametrize("case", CASES, ids=named)
def test_signin_tells_who_can_help_and_how(case: Case, try_cell: Callable[..., Trial]) -> None:
    """The advice of the number, its cure, the link, and what an administrator searches for; the exit code."""
    number, phase = case
    trial = trial_of(try_cell, number, phase)
    trial.set_scene(left_seconds=30)
    if phase is Phase.POLL:
        trial.strike_once()
    else:
        trial.strike_for(LASTING_SECONDS)
    code = trial.stack.signin()
    assert code == expected_code(number, phase), trial.stack.output.getvalue()
    told = [record for record in trial.stack.records() if record.get("aadsts") == str(number)]
    if KINDS[number].error == "authorization_pending":
        assert told == []
        return
    assert told, trial.stack.output.getvalue()
    row = BY_NUMBER[number]
    for record in told:
        assert record["see"] == f"docs/errors.md#aadsts-{number}"
        assert record["error"] == KINDS[number].error
        assert record.get("suberror") == KINDS[number].suberror
        assert record["correlation_id"]
        assert record["authority_time"]
        if KINDS[number].error not in {*ENDS_A_CODE, "authorization_declined"}:
            assert record["advice"] == row.advice
            assert record["cure"] == row.cure.value
            assert f"AADSTS{number}" in record["message"]
    if outcome(number) == (Outcome.RETRIED, 77):
        assert "signin.blocked" in {record["event"] for record in told}
    figures.count(SUITE, "advice told")
    trial.check_all()


@pytest.mark.parametrize("number", RENEWALS)
def test_refused_renewal_asks_those_who_can_help(number: int, try_cell: Callable[..., Trial]) -> None:
    """A person once if they can; nobody where it passes or needs an administrator; settings end the role."""
    what, code = outcome(number)
    trial = trial_of(try_cell, number, Phase.RENEWAL)
    trial.set_scene()
    healed = trial.healed()
    trial.strike_once()
    trial.stack.loop(
        trial.stack.entra.policy.token_life + HEALED_WITHIN_SECONDS + BLOCKED_PAUSE_SECONDS, until=healed
    )
    assert healed(), trial.stack.output.getvalue()
    assert trial.prompts() == (1 if what is Outcome.PROMPTED else 0), trial.stack.output.getvalue()
    assert (78 in trial.stack.ends) == (what is Outcome.STOPPED)
    late = trial.stack.clock.now() - trial.strikes[0]
    if number == LOOP:
        assert 300 <= late <= 330
    if (what, code) == (Outcome.RETRIED, 77):
        assert BLOCKED_PAUSE_SECONDS <= late <= BLOCKED_PAUSE_SECONDS + 30
        assert len(trial.stack.records("signin.blocked")) == 1
    trial.check_all()

"""The prompt and its end as Events: in one line, what a person copies first, and within the API's limit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.kubernetes.names import Pod
from sidecar.core.kubernetes.objects import EventNote
from sidecar.core.kubernetes.prompt_event import NOTE_BYTES_MAX, event_of
from sidecar.core.prompt import Outcome, prompt_for, record, withdrawal
from sidecar.core.prompt_messages import ENDS
from tests.core.prompts import authorization, prompt_of

POD = Pod("reports", "nightly-x2x9z", "0f0f")


def shown(**fields: Any) -> EventNote:
    """The Event for an ordinary prompt with some fields of one's own."""
    return event_of(record(replace(prompt_of(), **{"where": "reports/nightly-x2x9z", **fields})), POD)


def ended(outcome: Outcome, username: str | None = None) -> EventNote:
    """The Event for its end."""
    return event_of(withdrawal(replace(prompt_of(), phrase="amber otter"), outcome, username=username), POD)


def test_prompt_is_a_warning_that_begins_with_what_a_person_copies() -> None:
    """Address, code, until when, the phrase; then what for and why. The pod's name stands there anyway."""
    note = shown(phrase="amber otter", purpose="nightly report", reason="Nobody is signed in.")
    assert (note.pod, note.reason, note.warning) == (POD, "SigninRequired", True)
    assert note.note == (
        "Open https://login.microsoft.com/device and enter ABCDEFGHI before 22:28 UTC (amber otter). "
        "For: nightly report. Why: Nobody is signed in."
    )


def test_name_given_by_a_person_and_the_address_with_the_code_are_told() -> None:
    """SIDECAR_PROMPT_FROM says more than the pod's name; no full stop is taken for a part of the address."""
    note = shown(where="the build farm", verification_uri_complete="https://id.example/d?c=ABC")
    assert note.note.endswith(" UTC. Asked by the build farm. Or open https://id.example/d?c=ABC")


@pytest.mark.parametrize(
    ("outcome", "reason", "warning"),
    [
        (Outcome.COMPLETED, "SigninCompleted", False),
        (Outcome.EXPIRED, "SigninCodeExpired", False),
        (Outcome.DECLINED, "SigninDeclined", True),
        (Outcome.REJECTED, "SigninRejected", True),
        (Outcome.TIMED_OUT, "SigninTimedOut", True),
        (Outcome.FAILED, "SigninFailed", True),
        (Outcome.CANCELLED, "SigninCancelled", False),
    ],
)
def test_end_says_how_and_which_code_is_done_with(outcome: Outcome, reason: str, warning: bool) -> None:
    """A Warning where somebody should look."""
    note = ended(outcome)
    assert (note.reason, note.warning) == (reason, warning)
    assert note.note == f"{ENDS[outcome.value]}. The code was ABCDEFGHI (amber otter)."


def test_end_of_a_signed_in_person_names_them() -> None:
    """Who watches knows whether it was the right one."""
    assert ended(Outcome.COMPLETED, "alice@contoso.example").note == (
        "Signed in as alice@contoso.example. The code was ABCDEFGHI (amber otter)."
    )


@given(
    uri=st.text(max_size=600),
    complete=st.text(max_size=600),
    code=st.text(max_size=60),
    purpose=st.text(max_size=400),
    where=st.text(max_size=400),
    username=st.text(max_size=2000),
)
def test_no_text_of_others_makes_a_note_too_long_or_breaks_its_line(
    uri: str, complete: str, code: str, purpose: str, where: str, username: str
) -> None:
    """The API would refuse it. The code is in every prompt, whole."""
    prompt = prompt_for(
        authorization(verification_uri=uri, verification_uri_complete=complete, user_code=code),
        tenant=None,
        client_id="app",
        scopes=("x",),
        where=where,
        purpose=purpose,
    )
    for told in (record(prompt), withdrawal(prompt, Outcome.COMPLETED, username=username)):
        note = event_of(told, POD).note
        assert 0 < len(note.encode()) < NOTE_BYTES_MAX
    assert prompt.user_code in event_of(record(prompt), POD).note


def test_what_does_not_fit_is_left_out_whole() -> None:
    """The parts that a person needs less; what comes after them may still fit."""
    note = shown(
        phrase="amber otter",
        purpose="ä" * 200,
        where="日" * 200,
        reason="Nobody is signed in.",
        verification_uri_complete="https://id.example/d?c=" + "A" * 470,
    ).note
    assert len(note.encode()) < NOTE_BYTES_MAX
    assert note.endswith(f"(amber otter). For: {'ä' * 200}. Why: Nobody is signed in.")


def test_address_that_is_longer_than_a_note_is_left_to_the_log() -> None:
    """Half of one would lead nowhere, or somewhere else."""
    note = shown(verification_uri="https://id.example/" + "ä" * 480)
    assert note.note.startswith("At the address in the log of this pod enter ABCDEFGHI before ")
    assert "id.example" not in note.note


def test_device_code_is_in_no_event() -> None:
    """As it is in no record."""
    assert "device_code" not in json.dumps([shown().note, ended(Outcome.FAILED).note])

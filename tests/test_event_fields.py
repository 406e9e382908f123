"""The fields of the log's events: declared, documented, and no others are logged."""

from __future__ import annotations

from sidecar.core.event_fields import COMMON, ERROR_FIELDS, EVENT_FIELDS, MEANINGS
from sidecar.core.events import EVENTS
from tests import logged_fields
from tests.emulator import Emulator
from tests.end_to_end.conftest import pod
from tests.end_to_end.pod import Pod

__all__ = ["pod"]
REFUSAL = {"error", "suberror", "aadsts", "correlation_id", "authority_time"}


def test_every_event_is_logged_with_the_fields_that_are_declared() -> None:
    """Neither more nor fewer, in the whole source: who filters by a field finds it in the documentation."""
    told = {name: set(fields) for name, fields in EVENT_FIELDS.items()}
    assert {name: fields for name, fields in logged_fields.of_events().items() if name in EVENTS} == told


def test_every_field_has_a_meaning_and_none_is_left_over() -> None:
    """What an error carries is declared too."""
    assert {field for fields in EVENT_FIELDS.values() for field in fields} == set(MEANINGS)
    assert set(EVENT_FIELDS) <= set(EVENTS)
    assert logged_fields.of_errors() | REFUSAL <= set(ERROR_FIELDS)


def test_real_log_holds_no_field_that_is_not_declared(pod: Pod, entra: Emulator) -> None:
    """A sign-in, a renewal, and a refused one as JSON lines; the prompt's line has a schema of its own."""
    entra.policy.approve_after = 0
    outputs = [pod.start("signin")]
    assert outputs[0].end() == 0
    loop = pod.start("refresh")
    loop.wait_for("refresh.scheduled")
    entra.revoke("alice")
    loop.process.send_signal(1)
    loop.wait_for("refresh.signin_required")
    loop.wait_for("token.published")
    loop.stop()
    records = [record for running in [*outputs, loop] for record in running.records()]
    assert len({record["event"] for record in records}) > 5
    for record in records:
        if record["event"] != "signin.code_issued":
            own = set(EVENT_FIELDS[record["event"]])
            told_of_errors = set(ERROR_FIELDS) if "advice" in own else set()
            assert set(record) <= set(COMMON) | own | told_of_errors

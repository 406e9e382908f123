"""`status` and the shared state."""

from __future__ import annotations

from sidecar.core import status_words
from sidecar.core.journal import Journal
from sidecar.core.kubernetes.shared_record import Record
from sidecar.status import Found, report

NOW = 1_700_000_000


def shown(record: Record) -> str:
    """To a person."""
    found = Found(published={}, journal=Journal(), prompt=None, now=NOW, shared=record)
    return " ".join(" ".join(status_words.lines(report(found, boot=0))).split())


def test_person_reads_which_state_is_shared_and_what_is_wrong_with_it() -> None:
    """One line, with the trouble at its end."""
    record = Record("apps/state", "me", serial=7, shared_on=NOW - 60, holder="other_1")
    said = (
        "apps/state: number 7, the same here since 22:12 UTC; in use by other_1 when last seen (its log may"
    )
    assert said in shown(record)
    assert "FAILING" not in shown(record)
    failing = Record("apps/state", "me", error="connection refused", kind="x", failing_since=NOW - 60)
    assert "apps/state: nothing shared yet; FAILING since 22:12 UTC: connection refused" in shown(failing)

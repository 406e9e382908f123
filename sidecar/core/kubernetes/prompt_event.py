"""The prompt and its end as Events about the pod: record in, note out.

`kubectl describe pod` puts a note behind some 55 columns, `kubectl get events` behind more, and neither
breaks lines, so that what a person copies comes first. Notes cannot be changed: each prompt and each end is
one.
"""

from __future__ import annotations

from sidecar.core.kubernetes.names import Pod
from sidecar.core.kubernetes.objects import EventNote
from sidecar.core.prompt_messages import ISSUED, Record, end_words
from sidecar.core.time_words import utc

NOTE_BYTES_MAX = 1024
"""Of a note (kubernetes.io, Event v1 events.k8s.io: "must be less than 1kB")."""

REQUIRED = "SigninRequired"
REASONS: dict[str, tuple[str, bool]] = {
    "completed": ("SigninCompleted", False),
    "expired": ("SigninCodeExpired", False),
    "declined": ("SigninDeclined", True),
    "rejected": ("SigninRejected", True),
    "timed_out": ("SigninTimedOut", True),
    "failed": ("SigninFailed", True),
    "cancelled": ("SigninCancelled", False),
}
"""By how a prompt ended, and whether it is a Warning: what people who filter by type should see."""


def event_of(record: Record, pod: Pod) -> EventNote:
    """A prompt is a Warning: until somebody acts the pod has no token, or soon none."""
    if record["event"] == ISSUED:
        return EventNote(pod, REQUIRED, _fitting(*_prompt(record, pod)), warning=True)
    reason, warning = REASONS.get(_text(record, "outcome"), ("SigninEnded", False))
    return EventNote(pod, reason, _fitting(*_ending(record)), warning=warning)


def _prompt(record: Record, pod: Pod) -> list[str]:
    """What is told, in the order of its weight."""
    code, until = _text(record, "user_code"), utc(record.get("expires_on"))
    where = f"Open {_text(record, 'verification_uri')} and enter"
    if len(where.encode()) > NOTE_BYTES_MAX // 2:
        where = "At the address in the log of this pod enter"
    host, complete = _text(record, "host"), _text(record, "verification_uri_complete")
    return [
        f"{where} {code} before {until}{_phrase(record)}.",
        _sentence("Sign in as ", _text(record, "awaited")),
        _sentence("For: ", _text(record, "purpose")),
        _sentence("Asked by ", "" if pod.name in host else host),
        _sentence("Why: ", _text(record, "reason")),
        f" Or open {complete}" if complete else "",
    ]


def _ending(record: Record) -> list[str]:
    return [end_words(record), f" The code was {_text(record, 'user_code')}{_phrase(record)}."]


def _phrase(record: Record) -> str:
    phrase = _text(record, "phrase")
    return f" ({phrase})" if phrase else ""


def _text(record: Record, key: str) -> str:
    value = record.get(key)
    return "" if value is None else str(value)


def _sentence(title: str, text: str) -> str:
    return f" {title}{text.removesuffix('.')}." if text else ""


def _fitting(*parts: str) -> str:
    """As many as there is room for; no part is cut."""
    note = ""
    for part in parts:
        if len((note + part).encode()) < NOTE_BYTES_MAX:
            note += part
    return note

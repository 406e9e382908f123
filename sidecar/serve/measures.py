"""Every metric: its name and meaning, and its value as the files have it. The names are public."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from sidecar import __version__
from sidecar.core import history
from sidecar.core.health import HEARTBEAT_MAX_SECONDS
from sidecar.core.prompt import Outcome
from sidecar.core.published import instant
from sidecar.core.schedule import Attempts
from sidecar.core.session import expectation
from sidecar.status import Found

PREFIX = "entra_sidecar_"
UNNAMED_LABEL = "token"
"""The token without a name, as `status` calls it; no other can be called so."""


class Kind(enum.Enum):
    """What Prometheus has to know of a number."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True)
class Meaning:
    """What a metric is, for people and for Prometheus."""

    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


def _gauge(help: str, *labels: str) -> Meaning:
    return Meaning(Kind.GAUGE, help, labels)


def _counter(help: str, *labels: str) -> Meaning:
    return Meaning(Kind.COUNTER, help, labels)


METRICS: dict[str, Meaning] = {
    "build_info": _gauge("Always 1; the label says which version serves this.", "version"),
    "token_expiry_timestamp_seconds": _gauge(
        "When the published token expires; 0 if it is wanted and was never obtained.", "token"
    ),
    "token_obtained_timestamp_seconds": _gauge(
        "When the token was obtained the last time; 0 if that is not known.", "token"
    ),
    "token_consecutive_failures": _gauge("Failed renewals since the last that succeeded.", "token"),
    "token_renewals_total": _counter("Renewals that succeeded, without a person.", "token"),
    "token_renewal_failures_total": _counter(
        "Renewals that failed or that nobody was signed in for, by the kind of the error (docs/errors.md); "
        "token=* counts names beyond those that are told apart.",
        "token",
        "reason",
    ),
    "turn_failures_total": _counter(
        "Turns that failed as a whole, such as by a full volume, by the kind of the error.", "reason"
    ),
    "publications_total": _counter("How often apps got to see new tokens."),
    "withdrawals_total": _counter(
        "How often published tokens were taken back: account not allowed any more."
    ),
    "probe_green_until_timestamp_seconds": _gauge(
        "When the probe turns red if nothing happens; 0 if it never was green. For liveness the present boot "
        "counts.",
        "probe",
    ),
    "outage_budget_seconds": _gauge(
        "How long the authority may be away, or every renewal fail, before readiness turns red. Below 0: it "
        "has been red so long; 0 if no token was ever published."
    ),
    "heartbeat_timestamp_seconds": _gauge("Last sign of life of the loop; 0 if there is none since boot."),
    "secret_expiry_timestamp_seconds": _gauge(
        "When the first token in a Secret expires that probes ask about, as it was read or written last; 0 "
        "if there is none.",
        "secret_namespace",
        "secret_name",
    ),
    "secret_published_timestamp_seconds": _gauge(
        "When this pod wrote the Secret last; 0 if it never has.", "secret_namespace", "secret_name"
    ),
    "secret_consecutive_failures": _gauge(
        "Looks at the Secret, or writes to it, that failed since the last that succeeded.",
        "secret_namespace",
        "secret_name",
    ),
    "last_turn_timestamp_seconds": _gauge("When the last turn ended; 0 if none has."),
    "next_turn_timestamp_seconds": _gauge("When the next turn is due; 0 if that is not known."),
    "signin_required": _gauge(
        "1 if a person has to sign in, or is asked to before it is needed; 0 if nobody has to act."
    ),
    "signin_timestamp_seconds": _gauge("When a person signed in; not there if that is not known."),
    "signin_end_timestamp_seconds": _gauge(
        "When the sign-in is expected to end; not there where the authority lets nobody know."
    ),
    "signin_failures_total": _counter(
        "Sign-ins that came to nothing, by the kind of the error; prompts that expired are in prompts_total.",
        "reason",
    ),
    "prompt_open": _gauge("1 while a prompt waits for a person."),
    "prompt_expiry_timestamp_seconds": _gauge("When the open prompt's code expires; 0 if none is open."),
    "next_prompt_timestamp_seconds": _gauge("When a person is asked next; 0 if that is not planned."),
    "prompts_total": _counter("Prompts by how they ended; one that is open is not counted yet.", "outcome"),
    "clock_offset_seconds": _gauge(
        "How far this machine's clock is ahead of the authority's; 0 while it is within a minute."
    ),
    "clock_leaps_total": _counter("How often the wall clock moved by itself."),
    "caches_set_aside_total": _counter("How often a damaged or foreign cache was set aside."),
    "counting_since_timestamp_seconds": _gauge(
        "When the counters of this state directory began at 0; 0 if nothing was counted yet."
    ),
}
"""By name, without `PREFIX`."""

Sample = tuple[str, tuple[str, ...], float]
"""Name, the labels' values, and the value."""


def samples(found: Found, *, boot: float) -> Iterator[Sample]:
    """All that there is to tell; `boot` is the boot clock at `found.now`."""
    yield "build_info", (__version__,), 1
    yield from _of_tokens(found)
    yield from _of_secrets(found)
    yield from _of_probes(found, boot)
    yield from _of_signin(found)
    yield from _counted(found)
    journal = found.journal
    yield "last_turn_timestamp_seconds", (), int(journal.anchor.wall) if journal.anchor else 0
    yield "next_turn_timestamp_seconds", (), journal.wake_on or 0
    yield "clock_offset_seconds", (), journal.clock_offset_seconds or 0
    yield "counting_since_timestamp_seconds", (), found.history.since or 0


def _of_tokens(found: Found) -> Iterator[Sample]:
    """Those that are published, and those that are wanted: the journal knows them once they were tried."""
    for name in _names(found):
        label, attempts = (name or UNNAMED_LABEL,), found.journal.tokens.get(name, Attempts())
        expires_on = found.published.get(name, {}).get("expires_on")
        yield "token_expiry_timestamp_seconds", label, _instant(expires_on)
        yield "token_obtained_timestamp_seconds", label, attempts.succeeded_on
        yield "token_consecutive_failures", label, attempts.failures


def _of_secrets(found: Found) -> Iterator[Sample]:
    for full_name, copy in sorted(found.copies.items()):
        namespace, _, name = full_name.partition("/")
        yield "secret_expiry_timestamp_seconds", (namespace, name), copy.expires_on
        yield "secret_published_timestamp_seconds", (namespace, name), copy.written_on or 0
        yield "secret_consecutive_failures", (namespace, name), copy.failures


def _names(found: Found) -> list[str]:
    return sorted({*found.published, *found.tried})


def _of_probes(found: Found, boot: float) -> Iterator[Sample]:
    name = "probe_green_until_timestamp_seconds"
    beat_on = 0.0
    if found.heartbeat is not None and found.heartbeat <= boot:  # a later one is of an earlier boot
        beat_on = round(found.now - (boot - found.heartbeat))
    yield name, ("startup",), found.live_until or 0
    yield name, ("readiness",), found.ready_until or 0
    yield name, ("liveness",), beat_on and beat_on + HEARTBEAT_MAX_SECONDS
    yield "heartbeat_timestamp_seconds", (), beat_on
    yield "outage_budget_seconds", (), int(found.ready_until - found.now) if found.ready_until else 0


def _of_signin(found: Found) -> Iterator[Sample]:
    journal, prompt = found.journal, found.prompt
    waits = any(record.waits for record in journal.tokens.values()) or bool(journal.signin.failures)
    yield "signin_required", (), float(prompt is not None or waits)
    code_until = _instant((prompt or {}).get("expires_on"))
    # One whose turn was killed lies there until the next, and nobody could act on it.
    yield "prompt_open", (), float(code_until > found.now)
    yield "prompt_expiry_timestamp_seconds", (), code_until
    yield "next_prompt_timestamp_seconds", (), journal.prompt_on or 0
    if journal.session.signed_in_on is not None:
        yield "signin_timestamp_seconds", (), journal.session.signed_in_on
    if expected := expectation(journal.session):
        yield "signin_end_timestamp_seconds", (), expected.ends_on


_BY_EVENT = {
    "token.published": "publications_total",
    "token.withdrawn": "withdrawals_total",
    "clock.leapt": "clock_leaps_total",
    "cache.set_aside": "caches_set_aside_total",
}


def _counted(found: Found) -> Iterator[Sample]:
    """What begins at 0 is there from the beginning, where its labels are known: `increase` needs that."""
    totals: dict[tuple[str, tuple[str, ...]], int] = {
        **{(name, ()): 0 for name in _BY_EVENT.values()},
        **{("prompts_total", (outcome.value,)): 0 for outcome in Outcome},
        **{("token_renewals_total", (name or UNNAMED_LABEL,)): 0 for name in _names(found)},
    }
    for (event, token, detail), number in found.history.counts.items():
        if counter := _counter_of(event, token or UNNAMED_LABEL, detail):
            totals[counter] = totals.get(counter, 0) + number
    for (name, labels), total in sorted(totals.items()):
        yield name, labels, total


def _counter_of(event: str, token: str, detail: str) -> tuple[str, tuple[str, ...]] | None:
    match event, token:
        case ("signin.withdrawn", _):
            return "prompts_total", (detail,)
        case ("refresh.succeeded", _):
            return "token_renewals_total", (token,)
        case ("refresh.failed", history.TURN):
            return "turn_failures_total", (detail,)
        case ("signin.failed", _) | ("signin.blocked", history.TURN):
            return "signin_failures_total", (detail,)
        case ("refresh.failed" | "signin.blocked" | "refresh.signin_required", _):
            return "token_renewal_failures_total", (token, detail)
    return (_BY_EVENT[event], ()) if event in _BY_EVENT else None


def _instant(value: object) -> float:
    """0 for what no clock shows: a damaged file may hold anything."""
    return max(instant(value) or 0, 0)

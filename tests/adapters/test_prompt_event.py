"""Events of the prompt: one for each code and each end, tried again where that helps, never in the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from sidecar.adapters.courier import Courier, Trouble
from sidecar.adapters.prompt_event import Patience, PromptEvent
from sidecar.core.kubernetes.names import Pod
from sidecar.core.prompt import Outcome, record, withdrawal
from sidecar.errors import (
    ClusterBusy,
    ClusterForbidden,
    ClusterUnreachable,
    ConfigurationError,
    SidecarError,
)
from tests.core.prompts import prompt_of
from tests.kubernetes_api.in_memory import InMemoryCluster

POD = Pod("reports", "nightly-x2x9z", "0f0f")
PROMPT = record(prompt_of())
END = withdrawal(prompt_of(), Outcome.COMPLETED, username="alice@contoso.example")
SHORT = Patience(tries=3, first_pause=0.01)
PATIENCE_SECONDS = 20.0


def failing(*errors: SidecarError) -> Callable[[str], None]:
    """Each once, in this order."""
    left = list(errors)

    def fail(_call: str) -> None:
        if left:
            raise left.pop(0)

    return fail


def bring(cluster: InMemoryCluster, *, over: threading.Event | None = None) -> Trouble | None:
    """One prompt."""
    return PromptEvent(POD, api=lambda: cluster, patience=SHORT)(PROMPT, over or threading.Event())


def busy(pause_seconds: int) -> ClusterBusy:
    """429, with the server's wish."""
    error = ClusterBusy("the API server is busy")
    error.pause_seconds = pause_seconds
    return error


def test_prompt_and_its_end_are_two_events_by_one_client() -> None:
    """In this order; the client is made with the first of them."""
    cluster, made = InMemoryCluster(), list[InMemoryCluster]()

    def api() -> InMemoryCluster:
        made.append(cluster)
        return cluster

    courier = Courier("event", PromptEvent(POD, api=api), lambda trouble: pytest.fail(str(trouble)))
    assert made == []
    courier.tell(PROMPT)
    courier.tell(END)
    courier.finish(PATIENCE_SECONDS)
    assert [note.reason for note in cluster.events] == ["SigninRequired", "SigninCompleted"]
    assert {note.pod for note in cluster.events} == {POD}
    assert made == [cluster]


@pytest.mark.parametrize("error", [ClusterUnreachable("no route"), busy(0)], ids=["unreachable", "busy"])
def test_trouble_in_passing_costs_a_try(error: SidecarError) -> None:
    """An API server that is restarted does not cost the Event."""
    cluster = InMemoryCluster(fail=failing(error))
    assert bring(cluster) is None
    assert len(cluster.events) == 1


def test_missing_rule_is_told_with_the_advice_and_not_tried_again() -> None:
    """Only an administrator can help."""
    cluster = InMemoryCluster(fail=failing(ClusterForbidden("may not create events", advice="Allow it.")))
    assert bring(cluster) == {"cause": "may not create events", "tries": 1, "advice": "Allow it."}
    assert cluster.events == []


def test_server_that_stays_away_is_given_up() -> None:
    """After some tries; the sign-in has other faces."""
    cluster = InMemoryCluster(fail=failing(*[ClusterUnreachable("no route")] * 9))
    assert bring(cluster) == {"cause": "no route", "tries": 3}


def test_server_that_wants_a_long_pause_does_without() -> None:
    """A code lives for minutes."""
    cluster = InMemoryCluster(fail=failing(busy(300)))
    assert bring(cluster) == {"cause": "the API server is busy", "tries": 1}


def test_client_that_cannot_be_made_is_told_and_tried_with_the_next_record() -> None:
    """The base image has no client: the prompt is in the log all the same."""
    cluster, missing = InMemoryCluster(), [ConfigurationError("no client", advice="Take the other image.")]

    def api() -> InMemoryCluster:
        if missing:
            raise missing.pop()
        return cluster

    event = PromptEvent(POD, api=api)
    assert event(PROMPT, threading.Event()) == {
        "cause": "no client",
        "tries": 1,
        "advice": "Take the other image.",
    }
    assert event(END, threading.Event()) is None


def test_server_that_hangs_holds_up_neither_the_sign_in_nor_its_end() -> None:
    """Telling returns at once; the end waits no longer than it was told to."""
    hanging, over = threading.Event(), threading.Event()
    told: list[Trouble] = []

    def fail(_call: str) -> None:
        hanging.set()
        over.wait(PATIENCE_SECONDS)

    cluster = InMemoryCluster(fail=fail)
    courier = Courier("event", PromptEvent(POD, api=lambda: cluster), told.append)
    started = time.monotonic()
    courier.tell(PROMPT)
    assert hanging.wait(PATIENCE_SECONDS)
    courier.tell(END)
    courier.finish(0.2)
    assert time.monotonic() - started < 5
    over.set()
    assert told == [{"to": "event", "cause": "given up: no time was left", "records": 2}]


def test_pause_before_another_try_ends_with_the_role() -> None:
    """TERM ends every role within a second."""
    over = threading.Event()
    over.set()
    cluster = InMemoryCluster(fail=failing(busy(20)))
    started = time.monotonic()
    assert bring(cluster, over=over) == {"cause": "given up"}
    assert time.monotonic() - started < 5

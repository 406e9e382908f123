"""Bringing prompts elsewhere: in order, beside the sign-in, and given up when the time is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import pytest

from sidecar import telling
from sidecar.adapters.courier import Courier, Trouble

ISSUED = {"event": "signin.code_issued"}
WITHDRAWN = {"event": "signin.withdrawn"}
PATIENCE_SECONDS = 20.0


class Receiver:
    """Takes what it is brought; `hanging` until it is told that it is over."""

    def __init__(self, *, hanging: bool = False, trouble: Trouble | None = None) -> None:
        self.taken: list[str] = []
        self.hanging = hanging
        self.trouble = trouble
        self.asked = threading.Event()

    def __call__(self, record: Mapping[str, object], over: threading.Event) -> Trouble | None:
        """One record."""
        self.asked.set()
        if self.hanging:
            over.wait(PATIENCE_SECONDS)
            return {"cause": "over"}
        self.taken.append(str(record["event"]))
        return self.trouble


def test_all_arrives_in_order_before_the_end() -> None:
    """A prompt before its withdrawal, and nothing is lost by ending at once."""
    receiver, told = Receiver(), list[Trouble]()
    courier = Courier("webhook", receiver, told.append)
    for _ in range(50):
        courier.tell(ISSUED)
        courier.tell(WITHDRAWN)
    courier.finish(PATIENCE_SECONDS)
    assert receiver.taken == ["signin.code_issued", "signin.withdrawn"] * 50
    assert told == []


def test_receiver_that_hangs_holds_up_nothing() -> None:
    """Telling returns at once; the end waits for no longer than it was told to, counted from the telling."""
    receiver, told = Receiver(hanging=True), list[Trouble]()
    courier = Courier("webhook", receiver, told.append)
    started = time.monotonic()
    courier.tell(ISSUED)
    assert receiver.asked.wait(PATIENCE_SECONDS)
    courier.tell(WITHDRAWN)
    assert time.monotonic() - started < 4
    courier.finish(0.2)
    assert time.monotonic() - started < 5
    assert told == [{"to": "webhook", "cause": "given up: no time was left", "records": 2}]


def test_receiver_that_has_had_its_time_gets_no_more() -> None:
    """It hung while the person signed in, so that nobody waits for it then."""
    courier = Courier("webhook", Receiver(hanging=True), lambda _trouble: None)
    courier.tell(ISSUED)
    time.sleep(1)  # the person signs in meanwhile
    started = time.monotonic()
    courier.finish(1)
    assert time.monotonic() - started < 0.8


def test_failure_is_told_once_and_the_next_is_tried() -> None:
    """With the event that did not arrive."""
    receiver, told = Receiver(trouble={"cause": "http 500"}), list[Trouble]()
    courier = Courier("webhook", receiver, told.append)
    courier.tell(ISSUED)
    courier.tell(WITHDRAWN)
    courier.finish(PATIENCE_SECONDS)
    assert told == [
        {"to": "webhook", "told": "signin.code_issued", "cause": "http 500"},
        {"to": "webhook", "told": "signin.withdrawn", "cause": "http 500"},
    ]


def test_mistake_in_the_delivery_ends_no_sign_in() -> None:
    """It is a failure as any other, told by its kind alone: what it says may hold the URL."""

    def broken(_record: Mapping[str, object], _over: threading.Event) -> Trouble | None:
        raise LookupError("https://hooks.example.com/secret")

    told: list[Trouble] = []
    courier = Courier("webhook", broken, told.append)
    courier.tell(ISSUED)
    courier.finish(PATIENCE_SECONDS)
    assert told == [{"to": "webhook", "told": "signin.code_issued", "cause": "LookupError"}]


def test_nothing_is_told_after_the_end() -> None:
    """A thread that wrote while the interpreter ends could bring it down."""
    late, told = threading.Event(), list[Trouble]()

    def slow(_record: Mapping[str, object], _over: threading.Event) -> Trouble | None:
        late.wait(PATIENCE_SECONDS)
        return {"cause": "late"}

    courier = Courier("webhook", slow, told.append)
    courier.tell(ISSUED)
    courier.finish(0)
    before = list(told)
    late.set()
    courier._thread.join(PATIENCE_SECONDS) if courier._thread else None
    assert told == before
    assert len(told) == 1


def test_nothing_told_costs_no_thread_and_no_time() -> None:
    """Most turns prompt nobody."""
    before = threading.active_count()
    Courier("webhook", Receiver(), lambda _trouble: None).finish(PATIENCE_SECONDS)
    assert threading.active_count() == before


def test_signal_while_it_ends_gives_all_up() -> None:
    """TERM in the wait for the first: nothing that the others have started is left behind."""

    class Stopped(BaseException):
        """As a signal's handler raises it."""

    class Interrupted(Courier):
        def finish(self, seconds: float) -> None:
            super().finish(0)
            if seconds:
                raise Stopped

    hanging = Receiver(hanging=True)
    told: list[Trouble] = []
    first, second = Interrupted("one", Receiver(), told.append), Courier("two", hanging, told.append)
    second.tell(ISSUED)
    assert hanging.asked.wait(PATIENCE_SECONDS)
    started = time.monotonic()
    with pytest.raises(Stopped):
        telling.finish([first, second], PATIENCE_SECONDS)
    assert time.monotonic() - started < 2
    assert second._thread is not None
    second._thread.join(PATIENCE_SECONDS)
    assert not second._thread.is_alive()


def test_receivers_share_the_time_that_is_left_for_them() -> None:
    """Two that hang take no longer than one: TERM ends a role within a second."""
    receivers = Receiver(hanging=True), Receiver(hanging=True)
    couriers = [Courier("webhook", receiver, lambda _trouble: None) for receiver in receivers]
    for courier, receiver in zip(couriers, receivers, strict=True):
        courier.tell(ISSUED)
        assert receiver.asked.wait(PATIENCE_SECONDS)
    started = time.monotonic()
    for courier in couriers:
        courier.tell(WITHDRAWN)
    telling.finish(couriers, 1.0)
    assert time.monotonic() - started < 1.6

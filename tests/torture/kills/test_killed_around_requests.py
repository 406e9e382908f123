"""SIGKILL while a request is under way, timed by the authority: the counters of strace cannot tell the
second request's thread from the first's.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

from tests.emulator import faults
from tests.emulator.faults import Exchange
from tests.torture.figures import count
from tests.torture.kills import snapshot
from tests.torture.kills.bench import Bench
from tests.torture.kills.killings import SUITE, links_and_data
from tests.torture.kills.test_killed_refresh import KilledRefresh

Moment = Callable[[Exchange, Callable[[], None]], None]


def unprocessed(exchange: Exchange, kill: Callable[[], None]) -> None:
    """The request has arrived, and nothing came of it."""
    kill()
    exchange.cut()


def unanswered(exchange: Exchange, kill: Callable[[], None]) -> None:
    """The authority has given out new tokens that nobody receives."""
    exchange.process()
    kill()
    exchange.cut()


def answered(exchange: Exchange, kill: Callable[[], None]) -> None:
    """The answer is on its way."""
    exchange.send(exchange.process())
    kill()


MOMENTS = (unprocessed, unanswered, answered)


def test_refresh_killed_with_a_request_under_way_is_healed_by_the_next_turn(
    bench: Bench, signed_in: Path
) -> None:
    """Whatever the authority made of the first or the second request: apps read old tokens or new ones, and
    nobody is asked.
    """
    killings = KilledRefresh(bench, signed_in)
    for number, moment in product((1, 2), MOMENTS):
        pod = bench.pod(signed_in)
        killed = bench.held(pod, *killings.turn, arm=partial(arm, bench, number, moment))
        assert killed.code == -signal.SIGKILL or moment is answered
        wrong = [*snapshot.wrong_modes(snapshot.take(pod)), *links_and_data(pod), *killings.torn(pod)]
        assert wrong + killings.follow(pod, killed, []) == [], (number, moment)
        assert bench.entra.count("devicecode") == 1
        count(SUITE, "refresh: killed with a request under way, by the authority's clock")


def arm(bench: Bench, number: int, moment: Moment, pid: int) -> None:
    """Let the `number`th renewal from now on end the process."""

    def fault(exchange: Exchange) -> None:
        moment(exchange, partial(os.kill, pid, signal.SIGKILL))

    for _ in range(number - 1):
        bench.entra.faults.next("token:refresh_token", faults.Answer())
    bench.entra.faults.next("token:refresh_token", fault)

"""A provider that takes each refresh token once: what a write that fails at the wrong moment costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.torture.figures import count
from tests.torture.kills import strace
from tests.torture.kills.bench import Bench
from tests.torture.kills.failures import Failing, Failures, failings
from tests.torture.kills.killings import SUITE
from tests.torture.kills.targets import spread
from tests.torture.scale import scaled

ROOM = "state/private/.room"
NEW_CACHE = "state/private/.cache.new"


class OneTime:
    """A bench on which copies of one sign-in can be used one after the other: what one of them spent is
    good again for the next.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        bench.entra.policy.rotation = "one-time"
        bench.at_any_provider()
        self.pod = bench.pod()
        assert bench.turn(self.pod, "signin").code == 0
        tokens = bench.entra.grants.refresh_tokens
        self._known = {value: replace(token) for value, token in tokens.items()}

    def copy(self) -> Path:
        """A pod as it was right after the sign-in, at a provider that remembers nothing since."""
        tokens = self.bench.entra.grants.refresh_tokens
        tokens.clear()
        tokens.update({value: replace(token) for value, token in self._known.items()})
        return self.bench.pod(self.pod)

    def window(self) -> list[Failing]:
        """The calls on the state directory from the first that makes room on."""
        pod = self.copy()
        ended, trace = self.bench.traced(pod, *Failures.turn, options=[])
        assert ended.silent, ended.output
        calls = failings(strace.read(trace), pod, like=self.pod)
        first = next(at for at, call in enumerate(calls) if call.path == ROOM)
        return [call for call in calls[first:] if (call.path or "").startswith("state/")]

    def costs_a_signin(self, failing: Failing, *, for_good: bool) -> tuple[bool, int]:
        """Whether the turns behind the failure ask a person, and how many requests the failed one sent."""
        pod = self.copy()
        requests = self.bench.entra.count("token:refresh_token")
        options = failing.options(pod, for_good=for_good)
        ended, trace = self.bench.traced(pod, *Failures.turn, options=options)
        assert any(call.injected for call in strace.read(trace)), f"{failing} was not reached"
        assert ended.code in (0, 73), ended.output
        assert ended.prompts == 0, ended.output
        sent = self.bench.entra.count("token:refresh_token") - requests
        after = [self.bench.turn(pod, "refresh", "--now") for _ in range(2)]
        assert [turn.code for turn in after] == [0, 0], after
        self.bench.drop(pod)
        return any(turn.prompts for turn in after), sent


@pytest.fixture
def one_time(new_bench: Callable[..., Bench]) -> OneTime:
    """One turn after the other, for they share a sign-in."""
    return OneTime(new_bench(at_once=1))


TAKES_NOTHING = [
    Failing(name, ROOM, 1, error)
    for name, errors in {
        "write": ("ENOSPC", "EDQUOT", "EIO"),
        "openat": ("EROFS", "EACCES", "EMFILE"),
    }.items()
    for error in errors
]


def test_volume_that_takes_nothing_spends_no_refresh_token(one_time: OneTime) -> None:
    """Room for the successor is made before a refresh token is used: no request is sent, nothing is lost."""
    for failing in TAKES_NOTHING:
        lost, sent = one_time.costs_a_signin(failing, for_good=True)
        count(SUITE, "one-time: requests sent although nothing could be saved", sent)
        count(SUITE, "one-time: prompts caused by a volume that takes nothing", lost)
        assert (lost, sent) == (False, 0), failing


def test_single_failure_costs_a_signin_only_while_the_successor_is_written(
    entra: Emulator, one_time: OneTime
) -> None:
    """No failure but one of writing the new cache itself, behind the room that was made for it, loses a
    refresh token; and none once the new cache is in place.
    """
    window = one_time.window()
    chosen = spread(window, scaled(8, len(window)))
    lost = {call for call in chosen if one_time.costs_a_signin(call, for_good=False)[0]}
    count(SUITE, "one-time: single failures injected", len(chosen))
    count(SUITE, "one-time: of them while the new cache was written", sum(_writes_cache(c) for c in chosen))
    count(SUITE, "one-time: sign-ins lost", len(lost))
    assert [str(call) for call in lost if not _writes_cache(call)] == []
    assert entra.grants.refresh_tokens


def _writes_cache(call: Failing) -> bool:
    return call.path == NEW_CACHE

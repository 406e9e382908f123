"""Every system call of a turn that touches the two directories fails, with every error that makes sense."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from pathlib import Path

from tests.emulator import Emulator
from tests.torture.figures import count
from tests.torture.kills import strace
from tests.torture.kills.bench import Bench
from tests.torture.kills.failures import Failures, failings, kind
from tests.torture.kills.killings import SUITE
from tests.torture.kills.targets import spread
from tests.torture.scale import scaled

ONCE_WRONG = {
    ("statfs", "tokens", "EIO"),
    ("getdents64", "state/private", "EIO"),
    ("newfstatat", "state/private", "EIO"),
    ("close", "state/private/heartbeat", "EIO"),
}
"""What was answered by a traceback, or ended the loop, before this suite was written."""


def test_a_call_that_fails_costs_no_token_and_no_signin(
    entra: Emulator, bench: Bench, signed_in: Path
) -> None:
    """Whatever fails, and how: the published token stays, the turn goes on or ends with 73 and says what
    and why, and the next one heals it without anybody.
    """
    pod = bench.pod(signed_in)
    ended, trace = bench.traced(pod, *Failures.turn, options=[])
    assert ended.silent, ended.output
    possible = failings(strace.read(trace), pod, like=signed_in)
    once = [failing for failing in possible if (failing.name, failing.path, failing.error) in ONCE_WRONG]
    assert len(once) >= len(ONCE_WRONG)
    chosen = [*once, *spread(possible, scaled(24, len(possible)))]
    failures = Failures(bench, signed_in)
    wrong = list(chain.from_iterable(bench.each(failures.fail, chosen)))
    prompts = entra.count("devicecode") - 1
    count(SUITE, "failing: calls with an error that makes sense", len(possible))
    count(SUITE, "failing: injected", len(failures.reached))
    count(SUITE, "failing: call not reached", len(failures.not_reached))
    for code, number in failures.codes.items():
        count(SUITE, f"failing: turns that ended with {code}", number)
    for what, number in Counter(map(kind, wrong)).items():
        count(SUITE, f"failing: {what}", number)
    count(SUITE, "failing: prompts caused", prompts)
    assert wrong == []
    assert prompts == 0
    assert len(failures.reached) > len(chosen) * 0.8

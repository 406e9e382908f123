"""SIGKILL at system calls of a turn from its very first one on, started as entrypoint.sh does."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from tests.emulator import Emulator
from tests.torture.figures import count
from tests.torture.kills import snapshot, strace
from tests.torture.kills.bench import Bench
from tests.torture.kills.killings import SUITE
from tests.torture.kills.strace import Call
from tests.torture.kills.targets import single_out, spread
from tests.torture.scale import scaled

TURN = ("refresh", "--now")


def test_start_touches_nothing_so_its_death_changes_nothing(
    entra: Emulator, bench: Bench, signed_in: Path
) -> None:
    """Until it has read its settings and its code, a turn opens neither directory and no connection; killed
    anywhere there it leaves every name, mode and byte as they were.
    """
    pod = bench.pod(signed_in)
    ended, trace = bench.cold(pod, *TURN, options=[])
    assert ended.silent, ended.output
    calls = strace.read(trace)
    touching = (at for at, call in enumerate(calls) if touches(call, pod))
    start = calls[: next(touching)]
    assert len(start) > 1000, "the start is the greater part of a turn"
    assert not any(call.name in ("connect", "sendto") for call in start)
    requests = entra.count("*")
    targets = [call for call in single_out([start]).values() if call.name != "execve"]  # strace's own
    chosen = spread(targets, scaled(6, 300))
    before = snapshot.take(signed_in)

    def kill(target: Call) -> list[str]:
        pod = bench.pod(signed_in)
        ended, trace = bench.cold(pod, *TURN, options=strace.kill(target.name, target.ordinal))
        hit = strace.killed(trace, target.name, target.ordinal)
        same = snapshot.take(pod) == before
        bench.drop(pod)
        return [] if hit and same else [f"{hit or target}: ended with {ended.code}, same: {same}"]

    wrong = list(chain.from_iterable(bench.each(kill, chosen)))
    count(SUITE, "start: calls before the first that touches anything", len(start))
    count(SUITE, "start: killed, and not a byte was changed", len(chosen) - len(wrong))
    assert wrong == []
    assert entra.count("*") == requests


def touches(call: Call, pod: Path) -> bool:
    """Whether one of its arguments is in the pod's two directories."""
    return any(path.startswith(f"{pod}/") for path in call.paths)

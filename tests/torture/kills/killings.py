"""Copies of one pod, each with a turn that is killed at another call."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from tests.torture.figures import count
from tests.torture.kills import snapshot, strace
from tests.torture.kills.bench import Bench, Ended
from tests.torture.kills.readers import look, through_links
from tests.torture.kills.strace import Call
from tests.torture.kills.targets import changes, is_step, single_out, spread
from tests.torture.scale import scaled

SUITE = "kills"
ROUNDS = 2
"""Reference runs: the numbering varies with what the scheduler does to threads."""


class Killings(ABC):
    """`role` is what the figures are called after; `turn` what is run and killed in copies of `pod`."""

    role: str
    turn: tuple[str, ...]

    def __init__(self, bench: Bench, pod: Path) -> None:
        self.bench = bench
        self.before = snapshot.take(pod)
        self.hit: list[Call] = []
        self.missed: list[Call] = []
        self.unchanged = 0
        self.followed = 0
        self.old = through_links(pod / "tokens")
        self._pod = pod
        self._shapes: set[str] = set()
        self._lock = threading.Lock()

    @abstractmethod
    def torn(self, pod: Path) -> list[str]:
        """What a reader finds wrong right after the kill."""

    @abstractmethod
    def follow(self, pod: Path, killed: Ended, calls: Sequence[Call]) -> list[str]:
        """What is wrong with the turns that follow; `calls` are those up to the kill."""

    def run(self, *, bounded: int) -> list[str]:
        """Kill at every step that readers or the next turn see and at `bounded` of the other calls that
        change something, or at all calls; everything that is wrong.
        """
        runs = []
        for _ in range(ROUNDS):
            ended, trace = self.bench.traced(self.bench.pod(self._pod), *self.turn, options=[])
            assert ended.code == 0, ended.output
            runs.append(strace.read(trace))
        targets = list(single_out(runs).values())
        if scaled(0, 1) == 0:
            changing = [call for call in targets if changes(call)]
            steps = [call for call in changing if is_step(call)]
            others = [call for call in changing if call not in steps]
            chosen = steps + spread(others, bounded)
        else:
            chosen = spread(targets, scaled(bounded, len(targets)))
        wrong = list(chain.from_iterable(self.bench.each(self._kill, chosen)))
        self._count("calls of a turn", len(runs[0]))
        self._count("calls that strace can single out", len(targets))
        self._count("killed", len(self.hit))
        self._count("killed, and not a byte was changed", self.unchanged)
        self._count("killed, and followed by further turns", self.followed)
        self._count("call not reached, the turn went well", len(self.missed))
        for kind in ("torn", "missing", "unsaved", "mode", "left behind"):
            self._count(f"{kind}: found", sum(f": {kind}: " in words for words in wrong))
        assert len(self.hit) > len(chosen) * 0.8, "the calls of a turn vary more than thought"
        assert self.followed > 0
        return wrong

    def _kill(self, target: Call) -> list[str]:
        pod = self.bench.pod(self._pod)
        ended, trace = self.bench.traced(pod, *self.turn, options=strace.kill(target.name, target.ordinal))
        hit = strace.killed(trace, target.name, target.ordinal)
        if hit is None:
            self.missed.append(target)
            wrong = [] if ended.code == 0 else [f"not hit, and ended with {ended.code}: {ended.output}"]
        else:
            self.hit.append(hit)
            wrong = self._look_after(pod, ended, strace.read(trace))
        self.bench.drop(pod)
        return [f"{hit or target}: {words}" for words in wrong]

    def _look_after(self, pod: Path, ended: Ended, calls: Sequence[Call]) -> list[str]:
        tree = snapshot.take(pod)
        wrong = [f"mode: {row}" for row in snapshot.wrong_modes(tree)] + links_and_data(pod)
        wrong += self.torn(pod) + self._unsaved(pod)
        if tree == self.before:
            self.unchanged += 1
            return wrong
        if self._known(snapshot.shape(self.before, tree)):
            return wrong
        return wrong + self.follow(pod, ended, calls)

    def _unsaved(self, pod: Path) -> list[str]:
        """Saved first, then published: a new token that readers have is in the cache, which is not sealed."""
        new = {
            name: token
            for name, token in through_links(pod / "tokens").items()
            if token != self.old.get(name)
        }
        saved = (pod / "state/private/cache").read_bytes() if new else b""
        return [f"unsaved: {name or 'token'}" for name, token in new.items() if token.encode() not in saved]

    def _known(self, shape: str) -> bool:
        """In the bounded form the turns that follow run once for each shape that a kill leaves."""
        with self._lock:
            known = shape in self._shapes
            self._shapes.add(shape)
            skip = known and scaled(0, 1) == 0
            self.followed += not skip
            return skip

    def _count(self, what: str, number: int) -> None:
        count(SUITE, f"{self.role}: {what}", number)


def links_and_data(pod: Path) -> list[str]:
    """Whoever opens a file by its name finds what `..data` leads to, all of it complete and agreeing."""
    try:
        seen = look(pod / "tokens")
        opened = through_links(pod / "tokens")
    except (AssertionError, OSError, ValueError) as error:
        return [f"torn: {error!r}"]
    published = seen.tokens if seen else {}
    return [
        f"torn: {name or 'token'} is not what ..data leads to"
        for name, token in opened.items()
        if published.get(name) != token
    ]

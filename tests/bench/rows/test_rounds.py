"""Rounds, samples and what is made of them, without an engine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.bench import meter
from tests.bench.contender import OURS, Contender
from tests.bench.engine import Engine, EngineError, Place
from tests.bench.kernel import Group, NotCounted
from tests.bench.rows.authority import Authority
from tests.bench.rows.idle_cpu import used_by
from tests.bench.rows.life import lives
from tests.bench.rows.metered import of_runs
from tests.bench.rows.plan import FULL, SHORT, Plan
from tests.bench.rows.probe import in_a_day
from tests.bench.rows.running import Impatient, Running, eventually
from tests.bench.rows.samples import Samples, a_day, interleaved
from tests.emulator.journal import Request

CONTENDERS = [Contender(name, f"{name} 1.0", "image") for name in (OURS, "msal", "adal", "oidc-agent")]


class NoAuthority:
    """A provider that nobody asks anything."""

    def requests(self, kind: str | None = None) -> list[Request]:
        """None."""
        raise AssertionError(kind)

    def forget_requests(self) -> None:
        """Nothing to forget."""

    def approve_by_itself(self, wanted: bool) -> None:
        """Nobody asks."""

    def approve(self) -> None:
        """Nothing is open."""

    def open_codes(self) -> list[str]:
        """None."""
        return []

    def latency(self, seconds: float) -> None:
        """Nobody waits."""

    def token_life(self, seconds: int) -> None:
        """There are none."""


class Lives:
    """Stands for a life: notes whose it was, and what it is told to raise or to measure."""

    def __init__(self, failing: dict[tuple[str, int], Exception] | None = None) -> None:
        self.order: list[str] = []
        self._failing = failing or {}

    def __call__(
        self, _engine: Engine, _provider: Authority, contender: Contender, _plan: Plan, samples: Samples
    ) -> None:
        """The nth life of a contender measures n."""
        self.order.append(contender.name)
        number = Counter(self.order)[contender.name]
        samples.add("renewal_cpu", contender.name, number)
        if error := self._failing.get((contender.name, number)):
            raise error


PLAN = replace(FULL, warm_up_lives=1, lives=3)


def test_contenders_are_measured_round_by_round() -> None:
    """All of one round come before any of the next, in an order that changes, and is the same tomorrow."""
    names = [each.name for each in CONTENDERS]
    order = list(interleaved(names, 6))
    rounds = [[name for number, name in order if number == each] for each in range(6)]
    assert [number for number, _ in order] == sorted(number for number, _ in order)
    assert all(sorted(each) == sorted(names) for each in rounds)
    assert len({tuple(each) for each in rounds}) > 1
    assert order == list(interleaved(names, 6))


def test_warm_up_is_in_no_figure() -> None:
    """Of four lives the first is dropped: 2, 3 and 4 are left."""
    done = Lives()
    rows = {row.who: row for row in lives(Engine(), NoAuthority(), CONTENDERS, PLAN, done)}
    assert len(done.order) == 4 * len(CONTENDERS)
    assert {(row.min, row.median, row.max, row.runs) for row in rows.values()} == {(2, 3, 4, 3)}
    assert set(rows) == {each.name for each in CONTENDERS}


@pytest.mark.parametrize("error", [Impatient("no token"), EngineError("no container"), NotCounted("gone")])
def test_peer_that_fails_is_left_out_and_named(error: Exception) -> None:
    """What was measured of it stays, with fewer runs; the others go on; the reader is told."""
    done, engine = Lives({("msal", 3): error}), Engine()
    rows = {row.who: row for row in lives(engine, NoAuthority(), CONTENDERS, PLAN, done)}
    assert Counter(done.order)["msal"] == 3
    assert rows["msal"].runs == 2
    assert rows["adal"].runs == 3
    assert engine.notes == ["msal 1.0: left out after it failed in round 3"]


def test_peer_that_ends_while_it_should_sleep_is_left_out_and_named(tmp_path: Path) -> None:
    """The others' idle CPU is measured all the same; without ours there is nothing to compare."""
    (tmp_path / "cpuacct.usage").write_text("2000000000\n")

    def standing(name: str, path: Path) -> Running:
        container = SimpleNamespace(group=Group(1, path, path))
        return cast(Running, SimpleNamespace(contender=Contender(name, name, "image"), container=container))

    engine, gone = Engine(), tmp_path / "gone"
    assert used_by(engine, [standing(OURS, tmp_path), standing("msal", gone)]) == {OURS: 2.0}
    assert engine.notes == ["msal: it ended while its idle CPU was measured"]
    with pytest.raises(NotCounted):
        used_by(engine, [standing(OURS, gone), standing("msal", tmp_path)])


def test_ours_that_fails_ends_everything() -> None:
    """A comparison without us is none."""
    with pytest.raises(Impatient):
        list(lives(Engine(), NoAuthority(), CONTENDERS, PLAN, Lives({(OURS, 2): Impatient("no token")})))


def test_summaries_have_min_median_and_max_in_the_order_of_measuring() -> None:
    """Of all rounds together; a name without a unit is a mistake of ours."""
    samples, later = Samples(), Samples()
    samples.add("renewal_cpu", "msal", 3, 1)
    samples.add("image", OURS, 60)
    later.add("renewal_cpu", "msal", 2, 8)
    samples.add_all(later)
    first, second = samples.summaries()
    assert (first.what, first.who, first.runs, first.min, first.median, first.max) == (
        "renewal_cpu",
        "msal",
        4,
        1,
        2.5,
        8,
    )
    assert second.what == "image"
    with pytest.raises(LookupError, match="renewal_gpu"):
        samples.add("renewal_gpu", "msal", 1)


def test_window_and_probes_are_reckoned_up_to_a_day() -> None:
    """A millisecond of each minute is 1.44 s a day; 8,640 probes of 2.5 ms are 21.6 s."""
    assert a_day(0.001, 60) == pytest.approx(1.44)
    assert in_a_day([2.5]) == pytest.approx([21.6])


def test_short_measuring_leaves_out_only_what_takes_minutes() -> None:
    """A window of idle CPU is a whole tick of 60 s."""
    assert SHORT.idle_windows == 0
    assert min(SHORT.lives, SHORT.renewals, SHORT.probes, SHORT.turns, SHORT.fifties) > 0
    assert FULL.turns >= 15


def test_waiting_ends_with_what_was_awaited() -> None:
    """An error that says what did not happen."""
    with pytest.raises(Impatient, match=r"not within 0\.05 s: rain"):
        eventually(lambda: False, "rain", seconds=0.05)
    answers = iter([0, 0, 7])
    assert eventually(lambda: next(answers), "seven") == 7


def test_token_directory_is_emptied_without_following_links(tmp_path: Path) -> None:
    """As an emptyDir in memory is after the pod was made anew; what a link shows stays."""
    place = Place(tmp_path / "token", tmp_path / "state")
    generation = place.token / "..2026"
    generation.mkdir(parents=True)
    (generation / "token").write_text("x")
    place.state.mkdir()
    (place.state / "kept").touch()
    (place.token / "..data").symlink_to("..2026")
    (place.token / "elsewhere").symlink_to(place.state)
    place.empty_token()
    assert list(place.token.iterdir()) == []
    assert (place.state / "kept").exists()


def test_meter_tells_what_each_process_cost() -> None:
    """CPU, wall and peak of one that works and of one that sleeps; in a process of its own, since a child's
    peak is never below its parent's.
    """
    works = "held = bytearray(b'x' * (60 << 20)); sum(range(10 ** 6))"
    commands = {
        "works": {"argv": [sys.executable, "-S", "-c", works]},
        "sleeps": {"argv": ["sh", "-c", "sleep $TIME"], "environment": {"TIME": "0.2"}},
    }
    printed = subprocess.run(
        [sys.executable, "-S", meter.__file__, json.dumps({"commands": commands, "runs": 3})],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert [json.loads(line)["name"] for line in printed.splitlines()[:4]] == [
        *("works", "sleeps", "sleeps", "works")
    ]
    found = of_runs(printed)
    assert [len(runs) for runs in found.values()] == [2, 2]
    for worked, slept in zip(found["works"], found["sleeps"], strict=True):
        assert worked["peak_kib"] > 60 * 1024 > slept["peak_kib"]
        assert worked["cpu_ms"] > max(5, slept["cpu_ms"])
        assert slept["wall_ms"] >= 200


def test_figures_of_the_meter_are_without_the_first_run_of_each() -> None:
    """It warms up; other lines, as a command prints them, are no figures."""
    lines = [
        f'{{"name": "{name}", "run": {run}, "cpu_ms": {run + 1}, "code": 0}}'
        for run in range(3)
        for name in "ab"
    ]
    found = of_runs("\n".join(["a warning", *lines]))
    assert {name: [each["cpu_ms"] for each in runs] for name, runs in found.items()} == {
        "a": [2, 3],
        "b": [2, 3],
    }


def test_command_that_fails_under_the_meter_is_no_figure() -> None:
    """Whoever ends early is fast."""
    with pytest.raises(EngineError, match="sidecar left 69"):
        of_runs('{"name": "sidecar", "run": 1, "cpu_ms": 3, "code": 69}\n')

"""Over days, the history counts what happened, also while a prompt is open."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.device_code import Answer
from sidecar.core.history import REMEMBERED, History
from sidecar.errors import AuthorityUnreachable, SigninRequired
from tests.life.bench import ARM, GRAPH, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A pod that wants two tokens."""
    return Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})


def history(bench: Bench) -> History:
    """As a scrape reads it at this moment."""
    return StateDirectory(bench.state_path).history()


def counted(bench: Bench) -> Counter[str]:
    """By event."""
    found: Counter[str] = Counter()
    for (event, _, _), number in history(bench).counts.items():
        found[event] += number
    return found


def logged(bench: Bench) -> Counter[str]:
    """The same, from the log."""
    return Counter(event["event"] for event in bench.events() if event["event"] in REMEMBERED)


def test_counts_of_two_days_are_those_of_the_log(bench: Bench) -> None:
    """Each turn is a process of its own, and none counts twice or forgets."""
    bench.signin()
    bench.run_for(2 * 86400)
    assert logged(bench)["refresh.succeeded"] > 100
    assert counted(bench) == logged(bench)
    assert history(bench).counts["refresh.succeeded", "arm", ""] > 50


def test_outage_is_counted_for_every_token(bench: Bench) -> None:
    """The log tells once what all of them wait for; their failures are counted by token and reason."""
    bench.signin()
    nobody = AuthorityUnreachable("nobody answers")
    bench.authority.refused_scopes = {GRAPH: nobody, ARM: nobody}
    bench.run_for(2 * 3600)
    records = StateDirectory(bench.state_path).journal().tokens
    assert records[""].failures > 10
    for name, record in records.items():
        assert history(bench).counts["refresh.failed", name, "authority-unreachable"] == record.failures
    entries = [entry for entry in history(bench).entries if entry.event == "refresh.failed"]
    assert [entry.times for entry in entries] == [records[""].failures]


def test_prompt_of_hours_holds_up_no_count(bench: Bench) -> None:
    """Beside it the other token is renewed, and the file has that at once."""
    bench.signin()
    bench.authority.refused_scopes[ARM] = SigninRequired("consent_required")
    bench.authority.polls.extend([Answer.PENDING] * 10_000)
    behind = []

    def look(_seconds: float) -> None:
        if (bench.state_path / "prompt").exists():
            behind.append(logged(bench) - counted(bench))

    bench.clock.during_sleep = look
    bench.run_for(3 * 3600)
    assert len(behind) > 500
    assert not any(behind)
    assert counted(bench)["refresh.succeeded"] >= 4

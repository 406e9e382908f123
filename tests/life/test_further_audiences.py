"""Several tokens of one sign-in: one that is refused holds up none of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.device_code import Answer
from sidecar.errors import SigninRequired
from tests.life.bench import ARM, GRAPH, Bench

LIFE = 3600
RENEWED_AFTER = int(LIFE * 0.66)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A pod that wants a Graph token and, by name, one for the resource manager, which is refused."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.authority.refused_scopes[ARM] = SigninRequired("consent_required")
    return bench


def test_signin_ends_without_the_audience_that_is_refused(bench: Bench) -> None:
    """The app starts; `refresh` will ask for the rest."""
    assert bench.signin() is None
    assert bench.signin() is None
    assert bench.authority.prompts == [GRAPH]


def test_others_are_renewed_while_its_prompt_is_open(bench: Bench) -> None:
    """For three hours nobody answers the prompt for one audience: the other one never expires."""
    bench.signin()
    bench.authority.polls.extend([Answer.PENDING] * 10_000)
    expired = []

    def look(_seconds: float) -> None:
        published = bench.published()
        gone = published is None or published["expires_on"] <= bench.clock.now()
        expired.append(gone or bench.number("ready_until") <= bench.clock.now())

    bench.clock.during_sleep = look
    bench.turn()
    bench.run_for(3 * LIFE)
    assert ARM in bench.authority.prompts
    assert len(expired) > 1000
    assert not any(expired)
    assert bench.requests_per_minute() <= 10


def test_loop_goes_on_without_it_where_prompting_is_off(bench: Bench) -> None:
    """SIDECAR_ON_SIGNIN_REQUIRED=exit ends the loop for the first token alone."""
    bench.signin()
    bench.rules = replace(bench.rules, may_prompt=False)
    bench.clock.sleep(301)
    assert bench.turn() is None
    bench.run_for(RENEWED_AFTER)
    published = bench.published()
    assert published is not None
    assert published["expires_on"] > bench.clock.now() + LIFE / 2
    assert bench.authority.prompts == [GRAPH]
    assert bench.requests_per_minute() <= 10

    bench.authority.revoked = True
    bench.clock.sleep(LIFE)
    error = bench.turn()
    assert error is not None
    assert error.exit_code == 77

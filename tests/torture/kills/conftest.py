"""Benches beside a stand-in, and a pod in which somebody has signed in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.leaks import Leaks
from tests.torture.kills.bench import Bench


@pytest.fixture(autouse=True)
def _strace() -> None:
    if shutil.which("strace") is None:
        pytest.skip("needs strace")


@pytest.fixture
def new_bench(
    tmp_path: Path, entra: Emulator, leaks: Leaks, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Bench]]:
    """Makes benches; who is asked to sign in does so at once."""
    entra.policy.approve_after = 0
    made: list[Bench] = []

    def make(at_once: int) -> Bench:
        folder = tmp_path / f"bench{len(made)}"
        folder.mkdir()
        bench = Bench(
            folder, entra, printed=lambda text: leaks.printed(request.node.nodeid, text), at_once=at_once
        )
        made.append(bench)
        return bench

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(new_bench: Callable[..., Bench]) -> Bench:
    """One on which a few turns run at a time."""
    return new_bench(at_once=3)


@pytest.fixture
def signed_in(bench: Bench) -> Path:
    """A pod with a generation that lives and one that was superseded, to be copied."""
    pod = bench.pod()
    assert bench.turn(pod, "signin").prompts == 1
    ended = bench.turn(pod, "refresh", "--now")
    assert ended.silent, ended.output
    return pod

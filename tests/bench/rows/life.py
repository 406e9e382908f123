"""One life of a contender, alone on the node: it signs in, renews, rests, is probed, and is started again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tests.bench.contender import OURS, Contender
from tests.bench.engine import Engine
from tests.bench.figures import Summary
from tests.bench.kernel import Unmeasured
from tests.bench.rows.approval import approval
from tests.bench.rows.authority import Authority
from tests.bench.rows.idle import idle, idle_beside
from tests.bench.rows.plan import Plan
from tests.bench.rows.probe import probe
from tests.bench.rows.renewal import renewal
from tests.bench.rows.restart import restart
from tests.bench.rows.running import Running
from tests.bench.rows.samples import Samples, interleaved, tell


def lives(
    engine: Engine,
    provider: Authority,
    contenders: Sequence[Contender],
    plan: Plan,
    live: Callable[[Engine, Authority, Contender, Plan, Samples], None] | None = None,
) -> Iterator[Summary]:
    """Round by round. Whoever fails is left out from then on, with a note; if it is ours, all ends.

    :raises Impatient: ours failed
    :raises Unmeasured: the same, or the engine itself
    """
    samples = Samples()
    failed: set[str] = set()
    for number, contender in interleaved(contenders, plan.warm_up_lives + plan.lives):
        if contender.name in failed:
            continue
        warm = number >= plan.warm_up_lives
        tell(f"round {number + 1}{'' if warm else ' (warm-up)'}: {contender.name}")
        one = Samples()
        try:
            (live or life)(engine, provider, contender, plan, one)
        except Unmeasured as error:
            if contender.name == OURS:
                raise
            failed.add(contender.name)
            tell(f"{contender.name} failed: {error}")
            engine.note(f"{contender.title}: left out after it failed in round {number + 1}")
        if warm:
            samples.add_all(one)
    yield from samples.summaries()


def life(engine: Engine, provider: Authority, contender: Contender, plan: Plan, samples: Samples) -> None:
    """Whatever can be measured of it; a figure of its own for each step.

    :raises Impatient: a step did not happen
    """
    running: Running | None = None
    try:
        running = approval(engine, provider, contender, samples)
        for _ in range(plan.renewals):
            renewal(running, provider, samples)
        idle(running, samples)
        if contender.name == OURS or plan.beside_for_all:
            idle_beside(engine, running, samples)
        probe(running, plan.probes, samples)
        restart(engine, running, provider, samples)
    finally:
        if running is not None:
            running.remove()

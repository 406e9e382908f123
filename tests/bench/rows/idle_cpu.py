"""CPU of a day without renewals: all contenders side by side, by whole ticks of our loop."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.contender import OURS, Contender
from tests.bench.engine import Engine
from tests.bench.figures import Summary
from tests.bench.kernel import Unmeasured
from tests.bench.rows.authority import Authority
from tests.bench.rows.plan import Plan
from tests.bench.rows.running import Running, eventually
from tests.bench.rows.samples import DAY_SECONDS, Samples, a_day, tell

TICK_SECONDS = 60.0
AFTER_TICK_SECONDS = 2.0
HEARTBEAT = Path("private", "heartbeat")
"""In our state directory; written at each tick."""


def idle_cpu(
    engine: Engine, provider: Authority, contenders: Sequence[Contender], plan: Plan
) -> Iterator[Summary]:
    """With tokens that live for days, so that nobody renews. Each window is one run; of the first, before
    which all have just signed in, no figure is taken.

    :raises Unmeasured: ours did not sign in, or ended
    """
    if not plan.idle_windows:
        return
    tell(f"idle CPU: {plan.idle_windows + 1} windows of {TICK_SECONDS:g} s")
    provider.token_life(int(7 * DAY_SECONDS))
    started: list[Running] = []
    samples = Samples()
    try:
        for contender in contenders:
            try:
                running = Running(engine, contender)
                started.append(running)
                running.sign_in()
            except Unmeasured as error:
                if contender.name == OURS:
                    raise
                tell(f"{contender.name} failed: {error}")
                engine.note(f"{contender.title}: no idle CPU, as it did not sign in")
        ours = next((each for each in started if each.contender.name == OURS), None)
        before = None
        for number in range(plan.idle_windows + 2):
            _next_tick(ours)
            now = time.monotonic(), used_by(engine, started)
            if before is not None and number > 1:
                for who, used in now[1].items():
                    samples.add("idle_cpu_day", who, a_day(used - before[1][who], now[0] - before[0]))
            before = now
    finally:
        for running in started:
            running.remove()
    yield from samples.summaries()


def used_by(engine: Engine, started: Sequence[Running]) -> dict[str, float]:
    """CPU so far, by name. Who has ended is in no later window either.

    :raises NotCounted: ours has
    """
    found: dict[str, float] = {}
    for running in started:
        contender = running.contender
        try:
            found[contender.name] = running.container.group.cpu_seconds()
        except Unmeasured as error:
            if contender.name == OURS:
                raise
            tell(f"{contender.name} failed: {error}")
            engine.note(f"{contender.title}: it ended while its idle CPU was measured")
    return found


def _next_tick(ours: Running | None) -> None:
    """Just after it, so that each window has all of one; without ours, such a time."""
    if ours is None:
        time.sleep(TICK_SECONDS)
        return
    file = ours.place.state / HEARTBEAT
    last = file.stat().st_mtime_ns
    eventually(lambda: file.stat().st_mtime_ns != last, "a tick of our loop", pause=0.05)
    time.sleep(AFTER_TICK_SECONDS)

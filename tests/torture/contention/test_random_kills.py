"""Sixteen loops, killed at random for minutes: nobody is asked, nothing is corrupt, every token lives."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod, eventually
from tests.torture import figures
from tests.torture.contention import SUITE
from tests.torture.contention.pods import Loop, corruption
from tests.torture.contention.reader import Reader, prompts
from tests.torture.scale import scaled

SEED = 8628
PODS_OF_ONE_LOOP = 12
PODS_OF_TWO_LOOPS = 2
TOKEN_LIFE_SECONDS = 30
REFRESH_AT = "0.25"
"""A renewal every eight seconds or so; after a turn that was killed alone the shell pauses for ten, and the
token has to outlive that."""
KILLS_A_SECOND = 2.5


def kill_one(loops: list[Loop], chance: random.Random) -> str | None:
    """Kill a turn, or a whole loop and start it again; half of the loops are hit within a turn. What was
    killed; None if the one chosen had no turn to kill."""
    busy = [loop for loop in loops if loop.turn()]
    loop = chance.choice(busy if busy and chance.random() < 0.5 else loops)
    if chance.random() < 0.5:
        return "turns killed alone" if loop.kill_turn() else None
    within = loop.turn() is not None
    loop.kill_all()
    loop.start()
    return "loops killed within a turn" if within else "loops killed between turns"


@pytest.mark.serial
def test_sixteen_loops_survive_random_kills(new_entra_pod: Callable[..., Pod], entra: Emulator) -> None:
    """SIGKILL of process groups and of turns alone, against an authority that keeps old refresh tokens
    valid, as Entra does; four loops share directories in pairs."""
    entra.policy.token_life, entra.policy.approve_after = TOKEN_LIFE_SECONDS, 0
    pods = [new_entra_pod(SIDECAR_REFRESH_AT=REFRESH_AT) for _ in range(PODS_OF_ONE_LOOP + PODS_OF_TWO_LOOPS)]
    loops = [Loop(pod) for pod in pods]
    eventually(lambda: all(pod.token() for pod in pods), "every sign-in")
    loops += [Loop(pod) for pod in pods[:PODS_OF_TWO_LOOPS]]
    entra.policy.approve_after = None
    assert entra.count("devicecode") == len(pods)

    chance = random.Random(SEED)
    corrupt: list[str] = []
    kills = 0
    end = time.monotonic() + scaled(15, 300)
    with Reader(*pods) as reader:
        while time.monotonic() < end:
            time.sleep(chance.expovariate(KILLS_A_SECOND))
            if what := kill_one(loops, chance):
                kills += 1
                figures.count(SUITE, what)
                for pod in pods:
                    corrupt += corruption(pod)
        renewed = entra.count("token:refresh_token")
        eventually(
            lambda: entra.count("token:refresh_token") >= renewed + len(loops) // 2,
            "renewals after the kills",
        )
    for loop in loops:
        assert loop.role.stop()[0] == 0, loop.role.output
    for pod in pods:
        corrupt += corruption(pod)
    asked = entra.count("devicecode") - len(pods)
    outputs = [output for loop in loops for output in loop.outputs]
    figures.count(SUITE, "loops killed at random", len(loops))
    figures.count(SUITE, "renewals between random kills", entra.count("token:refresh_token"))
    figures.count(SUITE, "states inspected after a kill", kills * len(pods))
    figures.count(SUITE, "corrupt states", len(corrupt))
    figures.count(SUITE, "prompts where none may be", asked)
    assert corrupt == []
    assert asked == prompts(outputs) - len(pods) == 0
    assert sum("Traceback" in output or "cache.set_aside" in output for output in outputs) == 0
    assert kills > 10
    assert reader.report(entra.secrets) == []

"""What befalls replicas, as tests here and at a real API server need it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tests.emulator import Emulator
from tests.emulator.faults import Hang
from tests.end_to_end.pod import eventually
from tests.torture import figures
from tests.torture.replicas import SUITE
from tests.torture.replicas.replica import Replica
from tests.torture.replicas.scene import Scene
from tests.torture.scale import FACTOR

HANGUP_SECONDS = 1
HOLDERS = 0.6
TURN_SECONDS = 0.7
WAIT_SECONDS = 3
TAKEOVER_SECONDS = 150
"""By then a Lease that nobody renews has expired, and the other replica has looked again."""


def kill_one(scene: Scene, chance: random.Random, *, reschedule: float) -> None:
    """KILL to the process group of one replica, rather to the one that holds the Lease, at any moment of
    that; `reschedule` is the share of pods that are gone with their directories.
    """
    replica = chance.choice(scene.replicas)
    if chance.random() < HOLDERS:
        replica = _next_holder(scene) or replica
        time.sleep(chance.uniform(0, TURN_SECONDS))
    figures.count(SUITE, "replicas killed")
    figures.count(SUITE, "replicas killed while they held the Lease", int(replica is scene.holder()))
    if chance.random() < reschedule:
        replica.reschedule()
        figures.count(SUITE, "replicas killed with the loss of their directories")
    else:
        replica.kill()


def _next_holder(scene: Scene) -> Replica | None:
    """Who has the Lease now, or within seconds."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if holder := scene.holder():
            return holder
        time.sleep(0.02)
    return None


def quickly(step: Callable[[], None]) -> Callable[[], None]:
    """`step` in the bounded form, where a minute is long; nothing at length."""
    return step if FACTOR == 0 else lambda: None


def overtaken_in_mid_turn(scene: Scene, entra: Emulator) -> None:
    """Freeze a replica while it holds the Lease and its request gets no answer, let the other one renew, and
    have the first go on.
    """
    first, second = scene.replicas[:2]
    asked = entra.count("token")
    entra.faults.next("token:refresh_token", Hang())
    first.hang_up()
    eventually(lambda: entra.count("token") > asked, "a request of the first one")
    first.freeze()
    renewed = len(second.loop.role.records("refresh.succeeded"))

    def other_has_renewed() -> bool:
        second.hang_up()
        time.sleep(HANGUP_SECONDS)
        return len(second.loop.role.records("refresh.succeeded")) > renewed

    eventually(other_has_renewed, "a renewal by the other", TAKEOVER_SECONDS)
    adopted = len(first.loop.role.records("state.adopted"))
    first.thaw()
    eventually(
        lambda: len(first.loop.role.records("state.adopted")) > adopted,
        "the first one to adopt",
    )
    figures.count(SUITE, "replicas overtaken while they were frozen in mid-turn")

"""What befalls replicas, as tests here and at a real API server need it."""

from __future__ import annotations

import random
import time

from tests.emulator import Emulator
from tests.emulator.faults import Status
from tests.end_to_end.pod import eventually
from tests.torture import figures
from tests.torture.replicas import SUITE
from tests.torture.replicas.scene import Scene

HANGUP_SECONDS = 1
TAKEOVER_SECONDS = 150
"""By then a Lease that nobody renews has expired, and the other replica has looked again."""


def kill_one(scene: Scene, chance: random.Random, *, reschedule: float) -> None:
    """KILL to the process group of one replica, rather one within a turn; `reschedule` is the share of pods
    that are gone with their directories.
    """
    busy = [replica for replica in scene.replicas if replica.loop.turn()]
    replica = chance.choice(busy if busy and chance.random() < 0.5 else scene.replicas)
    figures.count(SUITE, "kills within a turn" if replica in busy else "kills between turns")
    if chance.random() < reschedule:
        replica.reschedule()
        figures.count(SUITE, "kills with the loss of the directories")
    else:
        replica.kill()


def overtaken_in_mid_turn(scene: Scene, entra: Emulator) -> None:
    """Freeze a replica between two tries of a renewal, let the other one renew, and have the first go on."""
    first, second = scene.replicas[:2]
    failed = len(first.loop.role.records("refresh.trouble"))
    entra.faults.next("token:refresh_token", Status(503))
    first.hang_up()
    first.loop.role.wait_for("refresh.trouble", failed + 1)
    first.freeze()
    renewed = len(second.loop.role.records("refresh.succeeded"))

    def other_has_renewed() -> bool:
        second.hang_up()
        time.sleep(HANGUP_SECONDS)
        return len(second.loop.role.records("refresh.succeeded")) > renewed

    eventually(other_has_renewed, "a renewal by the other", TAKEOVER_SECONDS)
    held = len(first.loop.role.records("lease.held"))
    first.thaw()
    eventually(
        lambda: len(first.loop.role.records("lease.held")) > held, "the first one sees it has lost the Lease"
    )
    figures.count(SUITE, "replicas overtaken while they were frozen in mid-turn")

"""Memory of a whole container between renewals: alone on the node, and beside a second pod."""

from __future__ import annotations

import time

from tests.bench.engine import Engine
from tests.bench.kernel import MIB
from tests.bench.rows.running import Running
from tests.bench.rows.samples import Samples

SETTLE_SECONDS = 3.0
"""The kernel brings the sums of a control group up to date every two seconds."""


def idle(running: Running, samples: Samples) -> None:
    """With nothing else of this run on the node."""
    time.sleep(SETTLE_SECONDS)
    group, who = running.container.group, running.contender.name
    samples.add("idle_anonymous", who, group.anonymous() / MIB)
    samples.add("idle_pss", who, group.pss() / MIB)


def idle_beside(engine: Engine, running: Running, samples: Samples) -> None:
    """With a second one of the same image that has signed in: they share the pages of the image's files.

    :raises Impatient: the second one did not sign in
    """
    second = Running(engine, running.contender)
    try:
        second.sign_in()
        samples.add("idle_pss_beside", running.contender.name, running.container.group.pss() / MIB)
    finally:
        second.remove()

"""What a fleet costs a day, by formula: the simulation is held to it."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.kubernetes.shared_state import LOOK_SECONDS
from tests.fleet.authority import USUAL
from tests.fleet.pods import REFRESH_AT
from tests.fleet.shared import LEASE_CALLS, LOOK_CALLS, REPLICAS, WRITE_CALLS
from tests.fleet.traffic import DAY

MEAN_LIFE_SECONDS = (USUAL.shortest + USUAL.longest) / 2
RENEWALS_A_DAY = DAY / (MEAN_LIFE_SECONDS * REFRESH_AT)
"""Of one token; jitter is as often early as late."""
LOOKS_A_DAY = REPLICAS * DAY / LOOK_SECONDS


@dataclass(frozen=True)
class Cost:
    """A day's requests of an arrangement. `turns` are starts of Python, all pods together; `carried` are
    updates of a Secret that the API server sends to nodes.
    """

    name: str
    signins: int
    to_entra: int
    to_api: int
    carried: int
    turns: int


def own(pods: int) -> Cost:
    """A sidecar in each pod."""
    renewals = round(pods * RENEWALS_A_DAY)
    return Cost("own sidecars", pods, renewals, 0, 0, renewals)


def shared(workloads: int, nodes: int) -> Cost:
    """So many workloads of two replicas, each read by pods on so many nodes."""
    renewals = workloads * RENEWALS_A_DAY
    looks = workloads * LOOKS_A_DAY
    return Cost(
        "shared by all" if workloads == 1 else f"shared, {workloads} namespaces",
        workloads,
        round(renewals),
        round(looks * LOOK_CALLS + renewals * (LOOK_CALLS + LEASE_CALLS + WRITE_CALLS)),
        round(renewals * nodes),
        round(looks + renewals),
    )

"""What many pods pay, worked out from what was measured of one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tests.bench.contender import OURS
from tests.bench.figures import Figures

PODS = (10, 1_000, 100_000)
PODS_OF_A_NODE = 30
DAY_SECONDS = 86_400
LIFE_SECONDS = 75 * 60
"""Tokens of Entra live for 60 to 90 minutes (learn.microsoft.com, "Configurable token lifetimes")."""

OURS_AT = 0.66
"""Of its life a token of ours is renewed at."""

PEERS_BEFORE_SECONDS = 300
"""MSAL, and what is made with it, renews when less is left; so do the loops that were measured."""

EXEC_MS = 45.0
"""CPU of a node around an exec, whatever is run: measured on Kubernetes 1.34 with containerd and runc."""


@dataclass(frozen=True)
class Pod:
    """A day of one pod with one contender. CPU in seconds."""

    who: str
    own_mib: float
    """What each pod has for itself."""
    shared_mib: float
    """What pods of one image on one node have once: interpreter, libraries."""
    renewals: float
    renewal_cpu: float
    probe_cpu: float
    idle_cpu: float
    requests: float
    image_mb: float

    @property
    def cpu(self) -> float:
        """Of the day."""
        return self.renewal_cpu + self.probe_cpu + self.idle_cpu


@dataclass(frozen=True)
class Cost:
    """Of `pods` pods on nodes of `PODS_OF_A_NODE`. Memory between renewals; CPU in cores, on average."""

    pods: int
    who: str
    memory_mib: float
    cores: float
    images_mb: float
    requests_a_day: float


def renewals_a_day(who: str) -> float:
    """Of a token of `LIFE_SECONDS`."""
    life = LIFE_SECONDS * OURS_AT if who == OURS else LIFE_SECONDS - PEERS_BEFORE_SECONDS
    return DAY_SECONDS / life


def pod_of(figures: Figures, who: str) -> Pod | None:
    """None where something that it takes was not measured."""
    names = (
        "idle_anonymous",
        "idle_pss",
        "renewal_cpu",
        "probe_cpu_day",
        "idle_cpu_day",
        "renewal_requests",
        "image",
    )
    found = [value for what in names if (value := figures.median(what, who)) is not None]
    if len(found) < len(names):
        return None
    anonymous, pss, renewal_ms, probes, idle, requests, image = found
    renewals, own = renewals_a_day(who), _own(figures, who, anonymous, pss)
    return Pod(
        who,
        own_mib=own,
        shared_mib=max(pss - own, 0.0),
        renewals=renewals,
        renewal_cpu=renewals * renewal_ms / 1000,
        probe_cpu=probes,
        idle_cpu=idle,
        requests=renewals * requests,
        image_mb=image,
    )


def pods_of(figures: Figures, names: Iterable[str]) -> list[Pod]:
    """Those of whom everything was measured."""
    return [pod for name in names if (pod := pod_of(figures, name)) is not None]


def cost(pod: Pod, pods: int) -> Cost:
    """Nodes are as few as can be; each pulls the image once."""
    nodes = math.ceil(pods / PODS_OF_A_NODE)
    return Cost(
        pods,
        pod.who,
        memory_mib=pods * pod.own_mib + nodes * pod.shared_mib,
        cores=pods * pod.cpu / DAY_SECONDS,
        images_mb=nodes * pod.image_mb,
        requests_a_day=pods * pod.requests,
    )


def exec_cores(pods: int, *, every_seconds: float) -> float:
    """What the nodes spend around probes, on top and whatever is in the image."""
    return pods * EXEC_MS / 1000 / every_seconds


def turns_at_once(pod: Pod, pods: int) -> float:
    """How many renewals are under way at an instant, on average."""
    return pods * pod.renewal_cpu / DAY_SECONDS


def _own(figures: Figures, who: str, anonymous: float, alone: float) -> float:
    """Alone a pod counts all of what two share, beside another half of it; its anonymous memory is its own in
    any case, and all there is to say where nobody looked at two.
    """
    beside = figures.median("idle_pss_beside", who)
    return anonymous if beside is None else max(anonymous, 2 * beside - alone)

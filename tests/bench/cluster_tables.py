"""What a cluster pays, as tables."""

from __future__ import annotations

from tests.bench.cluster import PODS, cost, exec_cores, pods_of, turns_at_once
from tests.bench.tables import Kept, figures_of
from tests.tables import Table, number


def cluster(kept: Kept) -> Table | None:
    """What pods pay."""
    rows = []
    for pods in PODS:
        for pod in pods_of(figures_of(kept), kept["contenders"]):
            paid = cost(pod, pods)
            rows.append(
                [
                    f"{pods:,}",
                    pod.who,
                    memory(paid.memory_mib),
                    number(paid.cores),
                    memory(paid.images_mb * 1e6 / 2**20),
                    f"{paid.requests_a_day:,.0f}",
                ]
            )
    if not rows:
        return None
    heads = ("pods", "who", "memory", "cores", "images", "requests a day")
    return Table("cluster", "What pods pay", heads, rows, left=2)


def day(kept: Kept) -> Table | None:
    """Of one pod, from which the others follow."""
    rows = [
        [
            pod.who,
            number(pod.renewals),
            number(pod.renewal_cpu),
            number(pod.probe_cpu),
            number(pod.idle_cpu),
            number(pod.cpu),
            f"{turns_at_once(pod, PODS[-1]):.3g}",
        ]
        for pod in pods_of(figures_of(kept), kept["contenders"])
    ]
    heads = (
        "who",
        "renewals",
        "renewals, s",
        "probes, s",
        "asleep, s",
        "CPU, s",
        "renewals at once, 100,000 pods",
    )
    return Table("day", "A day of one pod", heads, rows) if rows else None


def probes() -> Table:
    """What an exec costs a node, by period: the same for all, and no figure of this run."""
    rows = [
        [f"{period} s", *(number(exec_cores(pods, every_seconds=period)) for pods in PODS)]
        for period in (10, 30, 60)
    ]
    return Table(
        "probes", "Cores for execs of probes", ("period", *(f"{pods:,} pods" for pods in PODS)), rows
    )


def memory(mib: float) -> str:
    """In the unit that has the fewest digits."""
    for unit in ("MiB", "GiB"):
        if mib < 1000:
            return f"{number(mib)} {unit}"
        mib /= 1024
    return f"{number(mib)} TiB"

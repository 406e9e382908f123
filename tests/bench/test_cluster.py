"""What pods pay, by hand."""

from __future__ import annotations

import pytest

from tests.bench import cluster, made_up
from tests.bench.contender import OURS
from tests.bench.figures import Figures, Summary

FIGURES = Figures({}, made_up.rows())


def test_day_of_a_pod_is_its_renewals_its_probes_and_its_sleep() -> None:
    """86,400 s / (4,500 s × 0.66) = 29.09 renewals of 0.22 s; 21.6 s of probes; 2 s asleep."""
    pod = cluster.pod_of(FIGURES, OURS)
    assert pod is not None
    assert pod.renewals == pytest.approx(29.0909, abs=1e-4)
    assert pod.cpu == pytest.approx(6.4 + 21.6 + 2)
    assert pod.requests == pod.renewals


def test_peers_renew_five_minutes_before_the_end() -> None:
    """86,400 s / 4,200 s = 20.57 times."""
    assert cluster.renewals_a_day("msal") == pytest.approx(20.5714, abs=1e-4)


def test_what_is_shared_is_there_once_for_each_node() -> None:
    """A thousand pods are on 34 nodes of 30: 1,000 × 20 MiB and 34 × 8 MiB."""
    pod = cluster.pod_of(FIGURES, "msal")
    assert pod is not None
    paid = cluster.cost(pod, 1000)
    assert paid.memory_mib == pytest.approx(1000 * 20 + 34 * 8)
    assert paid.images_mb == 34 * 160
    assert paid.requests_a_day == pytest.approx(20571.4, abs=0.1)
    assert paid.cores == pytest.approx(1000 * (20.5714 * 0.012 + 104 + 1) / 86400, rel=1e-4)


def test_what_two_share_is_seen_beside_a_second_one() -> None:
    """28 alone and 24 beside another: 20 of its own and 8 shared, and half of these beside. Never less of its
    own than is anonymous.
    """

    def own(beside: float, anonymous: float) -> float:
        rows = made_up.rows(idle_pss_beside={"msal": beside}, idle_anonymous={"msal": anonymous})
        pod = cluster.pod_of(Figures({}, rows), "msal")
        assert pod is not None
        assert pod.own_mib + pod.shared_mib == 28
        return pod.own_mib

    assert own(24, 17) == 20
    assert own(24, 21) == 21


def test_probes_cost_nodes_the_same_whoever_is_asked() -> None:
    """100,000 × 45 ms every 10 s are 450 cores; every 30 s, 150."""
    assert cluster.exec_cores(100_000, every_seconds=10) == pytest.approx(450)
    assert cluster.exec_cores(100_000, every_seconds=30) == pytest.approx(150)


def test_contender_that_was_not_measured_in_full_is_left_out() -> None:
    """A sum without one of its parts would be a small one."""
    rows = [row for row in made_up.rows() if (row.what, row.who) != ("probe_cpu_day", "adal")]
    names = [pod.who for pod in cluster.pods_of(Figures({}, rows), made_up.KINDS)]
    assert names == [name for name in made_up.KINDS if name != "adal"]
    assert cluster.pod_of(Figures({}, [Summary("image", "adal", 1, 1, 1, 1)]), "adal") is None

"""Replicas that turn at once, again and again: each refresh token is used once, under the Lease."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import jwt
import pytest

from tests.end_to_end.pod import eventually
from tests.torture import figures
from tests.torture.replicas import SUITE
from tests.torture.replicas.replica import Replica
from tests.torture.replicas.scene import Scene
from tests.torture.scale import scaled

HOUR = 3600

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@pytest.mark.serial
def test_racing_replicas_never_use_a_refresh_token_twice(new_scene: Callable[..., Scene]) -> None:
    """Three replicas hung up at random, at a provider that voids the sign-in for one reuse: one prompt, no
    turn beside another, and no reader ever sees an expired token, though tokens live for half a minute.
    """
    scene = new_scene(one_time=True, token_life=24)
    scene.begin(3)
    with scene.onlookers() as onlookers:
        scene.storm(scaled(5, 300))
        scene.renewed(1, "a renewal by schedule")
    scene.end()
    assert scene.verdict(onlookers) == []


def test_certified_provider_sees_no_reuse_by_racing_replicas(
    certified_scene: Scene,
) -> None:
    """The same at a provider that nobody here wrote."""
    scene = certified_scene
    scene.begin(2)
    with scene.onlookers() as onlookers:
        scene.storm(scaled(5, 180))
        scene.renewed(1, "a renewal by schedule")
    scene.end()
    figures.count(SUITE, "renewals at the certified provider", scene.provider.renewals())
    assert scene.verdict(onlookers) == []


def test_replicas_whose_clocks_are_an_hour_off_renew_no_more_and_no_less(
    new_scene: Callable[..., Scene],
) -> None:
    """One is behind, one ahead, one right. A Lease is not judged by another node's clock; apps have a token
    that really lives, and clocks that disagree do not make the replicas renew one after the other.
    """
    scene = new_scene(one_time=True, token_life=600)
    scene.begin(3, clocks_off_by=(0, -HOUR, HOUR))
    with scene.onlookers(ends_on=_ends_on) as onlookers:
        scene.storm(scaled(8, 120))
        scene.settle()
        eventually(lambda: all(map(_sleeps, scene.replicas)), "replicas that sleep for minutes")
    scene.end()
    figures.count(SUITE, "replicas with a clock an hour off", 2)
    assert scene.verdict(onlookers) == []


def _sleeps(replica: Replica) -> bool:
    scheduled = replica.loop.role.records("refresh.scheduled")
    return bool(scheduled) and replica.loop.turn() is None and scheduled[-1]["in_seconds"] > 60


def _ends_on(token: str) -> float:
    return float(jwt.decode(token, options={"verify_signature": False})["exp"])

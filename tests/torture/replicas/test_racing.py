"""Replicas that turn at once, again and again: each refresh token is used once, under the Lease."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import jwt
import pytest

from tests.torture import figures
from tests.torture.replicas import SUITE
from tests.torture.replicas.scene import Scene
from tests.torture.scale import scaled

HOUR = 3600

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@pytest.mark.serial
def test_racing_replicas_never_use_a_refresh_token_twice(new_scene: Callable[..., Scene]) -> None:
    """Three replicas hung up at random, at a provider that voids the sign-in for one reuse: one prompt, no
    turn beside another, and no reader ever sees an expired token, though tokens live for twenty seconds.
    """
    scene = new_scene(one_time=True, token_life=20)
    scene.begin(3)
    with scene.onlookers() as onlookers:
        scene.storm(scaled(8, 300))
        scene.renewed(1, "a renewal by schedule")
    scene.end()
    assert scene.verdict(onlookers) == []


@pytest.mark.serial
def test_certified_provider_sees_no_reuse_by_racing_replicas(
    certified_scene: Scene,
) -> None:
    """The same at a provider that nobody here wrote."""
    scene = certified_scene
    scene.begin(2)
    with scene.onlookers() as onlookers:
        scene.storm(scaled(6, 180))
        scene.renewed(1, "a renewal by schedule")
    scene.end()
    figures.count(SUITE, "renewals at the certified provider", scene.provider.renewals())
    assert scene.verdict(onlookers) == []


@pytest.mark.parametrize("off", [-HOUR, HOUR], ids=["behind", "ahead"])
def test_replica_whose_clock_is_an_hour_off_renews_no_more_and_no_less(
    new_scene: Callable[..., Scene], off: int
) -> None:
    """A Lease is not judged by another node's clock; apps have a token that really lives, and two clocks that
    disagree do not make the replicas renew one after the other.
    """
    seconds = scaled(10, 120)
    scene = new_scene(one_time=True, token_life=120, SIDECAR_REFRESH_AT="0.5")
    scene.begin(2, clocks_off_by=(0, off))
    with scene.onlookers(ends_on=_ends_on) as onlookers:
        before = scene.provider.renewals()
        scene.storm(seconds)
        renewed = scene.provider.renewals() - before
    scene.end()
    figures.count(SUITE, "replicas with a clock an hour off")
    assert scene.verdict(onlookers) == []
    assert renewed <= 2 * (1 + seconds // 10)


def _ends_on(token: str) -> float:
    return float(jwt.decode(token, options={"verify_signature": False})["exp"])

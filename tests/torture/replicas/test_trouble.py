"""Trouble with the API server, its token, and people who edit Secrets: nobody is asked, nothing is lost."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable

import pytest

from tests.torture import figures
from tests.torture.replicas import SUITE
from tests.torture.replicas.scene import Happening, Scene
from tests.torture.replicas.stand_in import StandInCluster
from tests.torture.replicas.steps import kill_one
from tests.torture.scale import scaled

TOKEN_LIFE_SECONDS = 240

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@pytest.mark.parametrize("killed", [False, True], ids=["racing", "killed"])
def test_trouble_at_the_api_server_costs_neither_prompt_nor_token(
    new_scene: Callable[..., Scene], cluster: StandInCluster, killed: bool
) -> None:
    """A third of its answers are errors, late, or never come; now and then it is away, or refuses the old
    token of the ServiceAccount: beside replicas that race for refresh tokens that work once, and beside
    others that are killed.
    """
    scene = new_scene(one_time=not killed, token_life=TOKEN_LIFE_SECONDS, SIDECAR_REFRESH_AT="0.2")
    scene.begin(2)
    happenings = [
        Happening(0.1, lambda chance: cluster.away(chance.uniform(1, 6))),
        Happening(0.1, lambda _chance: cluster.rotate_token()),
    ]
    if killed:
        happenings.append(Happening(0.3, lambda chance: kill_one(scene, chance, reschedule=0.1)))
    with scene.onlookers() as onlookers:
        with cluster.weather(random.Random(503), share=1 / 3):
            scene.storm(scaled(6, 240), *happenings)
        scene.settle()
    scene.end()
    figures.count(SUITE, "requests to the API server that met a fault", cluster.faults)
    assert scene.verdict(onlookers) == []


def test_outage_of_the_api_server_is_not_noticed_by_who_has_a_token(
    new_scene: Callable[..., Scene], cluster: StandInCluster
) -> None:
    """Nobody uses a refresh token while it is away; when it is back the first to come renews."""
    scene = new_scene(one_time=True, token_life=TOKEN_LIFE_SECONDS)
    scene.begin(2)
    with scene.onlookers() as onlookers:
        renewed = scene.provider.renewals()
        with cluster.gone():
            scene.storm(scaled(6, 120))
            assert scene.provider.renewals() == renewed
        scene.settle()
    scene.end()
    assert scene.verdict(onlookers) == []


def test_whatever_people_do_to_the_secrets_is_healed(
    new_scene: Callable[..., Scene], cluster: StandInCluster
) -> None:
    """Deleted and made again empty, edited to garbage, emptied, put back from a backup: beside racing
    replicas and refresh tokens that work once.
    """
    scene = new_scene(one_time=True, token_life=TOKEN_LIFE_SECONDS, SIDECAR_REFRESH_AT="0.2")
    scene.begin(2)
    with scene.onlookers(forgiving=True) as onlookers:
        scene.storm(scaled(6, 240), Happening(0.3, cluster.vandalize))
        cluster.make_good()
        scene.settle()
    scene.end()
    figures.count(SUITE, "Secrets deleted, emptied, edited or put back by somebody", cluster.vandalized)
    assert scene.verdict(onlookers, edited=True) == []

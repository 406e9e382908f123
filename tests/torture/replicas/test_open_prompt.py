"""One open prompt at a time, whatever becomes of the replica that shows it."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.end_to_end.pod import eventually
from tests.torture import figures
from tests.torture.replicas import SUITE
from tests.torture.replicas.replica import Replica
from tests.torture.replicas.scene import Scene
from tests.torture.replicas.stand_in import StandInCluster
from tests.torture.replicas.steps import TAKEOVER_SECONDS, quickly

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@pytest.mark.parametrize("end", [Replica.stop, Replica.kill, Replica.kill_for_good])
def test_prompt_of_a_replica_that_ended_is_followed_by_one_of_the_other(
    new_scene: Callable[..., Scene], cluster: StandInCluster, end: Callable[[Replica], None]
) -> None:
    """Two replicas begin at once, and one asks. It is stopped, killed, or lost with its node: one new code is
    shown then, and its approval signs in all of them. In the bounded form somebody frees the Lease of the
    lost one.
    """
    scene = new_scene(one_time=True, token_life=600)
    scene.add()
    scene.add()
    asking = eventually(lambda: next((r for r in scene.replicas if _codes(r)), None), "a prompt")
    (other,) = (replica for replica in scene.replicas if replica is not asking)
    other.loop.role.wait_for("lease.held")
    assert scene.provider.prompts() == 1
    first = set(_codes(asking))
    end(asking)
    if asking.stopped:
        quickly(cluster.free_lease)()
    eventually(lambda: scene.provider.prompts() == 2, "a second code", TAKEOVER_SECONDS)
    (code,) = eventually(lambda: {c for r in scene.replicas for c in _codes(r)} - first, "its prompt")
    scene.provider.approve(code)
    staying = [replica for replica in scene.replicas if not replica.stopped]
    eventually(lambda: all(r.pod.token() for r in staying), "a token in each pod", TAKEOVER_SECONDS)
    scene.end()
    figures.count(SUITE, "replicas ended with an open prompt")
    assert scene.provider.prompts() == 2
    assert scene.prompts_at_once() == 1


def _codes(replica: Replica) -> list[str]:
    return [
        str(record["user_code"])
        for loop in replica.loops
        for role in loop.runs
        for record in role.records("signin.code_issued")
    ]

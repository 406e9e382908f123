"""What happens to a node happens to the pod: no second prompt, whatever restarts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.kubernetes.app import READER, container, template, workload
from tests.kubernetes.cluster import eventually, has
from tests.kubernetes.namespace import Namespace, statuses
from tests.leaks import Leaks

pytestmark = [pytest.mark.kubernetes, pytest.mark.serial, pytest.mark.node]

TOKEN_LIFE_SECONDS = 40


@pytest.fixture(scope="module")
def running(new_namespace: Callable[..., Namespace]) -> Namespace:
    """A signed-in pod. The stand-in's memory dies with its own pod, so the reboot comes last."""
    namespace = new_namespace(f"--token-life={TOKEN_LIFE_SECONDS}")
    arrangement = "component" if has("native-sidecars") else "classic"
    namespace.run([arrangement], workload("Deployment", template(container("app", READER))))
    namespace.approve()
    namespace.ready()
    return namespace


def renewed(namespace: Namespace) -> None:
    """Wait until the app has seen a further token."""

    def seen() -> list[str]:
        return re.findall(r"expires_on (\d+) live", namespace.logs("app"))

    before = eventually(seen, "a token at the app")
    eventually(lambda: len(seen()) > len(before), "a further token at the app")


def asked(namespace: Namespace) -> int:
    """How many prompts the pod's present containers have printed."""
    return sum(
        namespace.logs(name).count('"signin.code_issued"')
        for name in statuses(namespace.pod())
        if name.startswith("entra-")
    )


def test_a_restarted_kubelet_changes_nothing(running: Namespace, node: Callable[..., None]) -> None:
    """The pod's containers run on, and renewals go on."""
    pod = running.pod()
    before = {name: found["restartCount"] for name, found in statuses(pod).items()}
    node("restart-kubelet")
    running.ready()
    renewed(running)
    after = {name: found["restartCount"] for name, found in statuses(running.pod()).items()}
    assert after == before
    assert running.prompts() == 1


def test_a_lost_sandbox_signs_in_silently(running: Namespace, node: Callable[..., None]) -> None:
    """Every container starts anew, init containers too; the volumes are the pod's."""
    pod = running.pod()["metadata"]["name"]
    node("kill-sandbox", running.name, pod)
    eventually(lambda: statuses(running.pod())["app"]["restartCount"] >= 1, "the app's new start")
    running.ready()
    renewed(running)
    assert running.pod()["metadata"]["name"] == pod
    assert running.prompts() == 1


def test_a_rebooted_node_signs_in_silently(
    running: Namespace, node: Callable[..., None], leaks: Leaks
) -> None:
    """Memory is lost, the disk is not: the token is back before the app starts, and nobody is asked.

    The stand-in has forgotten its sign-ins, as Entra would not, so that a renewal cannot be waited for:
    the token comes from the cache, as it was.
    """
    pod = running.pod()["metadata"]["name"]
    before = statuses(running.pod())["app"]["restartCount"]
    renewed(running)  # with most of its life before it
    leaks.issued(running.secrets())  # which the stand-in forgets
    node("reboot")
    eventually(lambda: statuses(running.pod())["app"]["restartCount"] > before, "the app's new start")
    printed = running.wait_for_log("app", "token of alice@contoso.example")
    assert running.pod()["metadata"]["name"] == pod
    assert printed.splitlines()[1].endswith("live")
    assert "signin.code_issued" not in running.logs("entra-signin")

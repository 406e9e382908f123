"""Claims, groups, and what a restricted namespace admits."""

from __future__ import annotations

import ast
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.kubernetes.app import APP_USER, READER, container, template, workload
from tests.kubernetes.cluster import Document, eventually, has, kubectl
from tests.kubernetes.namespace import Namespace

pytestmark = pytest.mark.kubernetes

EVERY_DAY = ["--token-life=600", "--approve-after=1"]
OWN_GROUP, FS_GROUP = 3000, 4000
LOOK = (
    "import os; paths = ['/var/run/secrets/entra', '/var/run/secrets/entra/token', '/data'];"
    "print([(oct(os.stat(p).st_mode), os.stat(p).st_gid) for p in paths if os.path.exists(p)])"
)


@pytest.fixture(scope="module")
def arrangement() -> str:
    """The best that the server can run."""
    return "component" if has("native-sidecars") else "classic"


@pytest.fixture
def claimed(new_namespace: Callable[..., Namespace]) -> Iterator[Namespace]:
    """A namespace in which a claim named as k8s/pvc names it finds a volume: a folder of the node."""
    namespace = new_namespace(*EVERY_DAY)
    name = f"sidecar-test-{uuid.uuid4().hex[:8]}"
    volume: Document = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "16Mi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "",
            "claimRef": {"namespace": namespace.name, "name": "entra-sidecar-state"},
            "hostPath": {"path": f"/var/tmp/{name}", "type": "DirectoryOrCreate"},
        },
    }
    namespace.apply(volume)
    yield namespace
    kubectl("delete", "persistentvolume", name, "--wait=false", check=False)


def test_a_new_pod_with_the_claim_asks_nobody(claimed: Namespace, arrangement: str) -> None:
    """The second start of a pod, which without a claim is a second prompt."""
    documents = claimed.build(
        [arrangement, "pvc"], workload("Deployment", template(container("app", READER)))
    )
    for document in documents:
        if document["kind"] == "PersistentVolumeClaim":
            document["spec"]["storageClassName"] = ""
        if document["kind"] == "Deployment":
            owned_by_the_sidecar(document)
    claimed.apply(*documents)
    claimed.ready()
    first = claimed.pod()["metadata"]["name"]
    claimed.kubectl("delete", "pod", first)
    eventually(lambda: claimed.pod()["metadata"]["name"] != first, "another pod")
    claimed.ready()
    claimed.wait_for_log("app", "token of alice@contoso.example")
    assert claimed.prompts() == 1


def owned_by_the_sidecar(document: Document) -> None:
    """A hostPath is root's, whatever fsGroup says: an init container of the test's hands it over."""
    pod = document["spec"]["template"]["spec"]
    chown = container("hand-over", "import os; os.chown('/state', 65532, 65532)")
    chown["securityContext"] = {"runAsUser": 0, "runAsNonRoot": False}
    chown["volumeMounts"] = [{"name": "entra-state", "mountPath": "/state"}]
    pod["initContainers"] = [chown, *pod["initContainers"]]


def test_the_users_groups_are_kept(new_namespace: Callable[..., Namespace], arrangement: str) -> None:
    """fsGroup and supplementalGroups of the workload hold, its volume has its group, the token is read."""
    namespace = new_namespace(*EVERY_DAY)
    app = container("app", READER, volumeMounts=[{"name": "data", "mountPath": "/data"}])
    pod = template(app, fsGroup=FS_GROUP, supplementalGroups=[OWN_GROUP])
    pod["spec"]["volumes"] = [{"name": "data", "emptyDir": {}}]
    namespace.run([arrangement], workload("Deployment", pod))
    printed = namespace.wait_for_log("app", "token of alice@contoso.example")
    groups = ast.literal_eval(printed.split("groups ")[1].splitlines()[0])
    assert {OWN_GROUP, FS_GROUP, 65532} <= set(groups)
    assert f"app starts as {APP_USER}" in printed
    seen: list[tuple[str, int]] = ast.literal_eval(
        namespace.python(namespace.pod()["metadata"]["name"], LOOK, container="app")
    )
    assert seen[-1][1] == FS_GROUP


@pytest.mark.needs("pod-security")
@pytest.mark.parametrize(
    "components", [["component"], ["single"], ["classic"], ["component", "network-policy"]]
)
def test_a_restricted_namespace_admits_it(
    components: list[str], new_namespace: Callable[..., Namespace]
) -> None:
    """Pod Security `restricted`, enforced by the server: the pod runs, and its network policy is taken."""
    namespace = new_namespace(*EVERY_DAY, restricted=True)
    namespace.run(components, workload("Deployment", template(container("app", READER))))
    namespace.wait_for_log("app", "token of alice@contoso.example")
    policies: list[Any] = namespace.get("networkpolicies")["items"]
    assert bool(policies) is ("network-policy" in components)


def test_a_network_policy_is_taken(new_namespace: Callable[..., Namespace], arrangement: str) -> None:
    """Whether it is enforced is the network plugin's affair; that it selects the pod is ours."""
    namespace = new_namespace(*EVERY_DAY)
    namespace.run([arrangement, "network-policy"], workload("Deployment", template(container("app", READER))))
    policy = namespace.get("networkpolicies")["items"][0]["spec"]
    labels = namespace.pod()["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}

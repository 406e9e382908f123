"""RBAC of k8s/shared as shipped, asked of the server itself: what is needed, and no more."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kubernetes.cluster import Document, KubectlError, kubectl
from tests.kubernetes.shared import ACCOUNT, manifests

pytestmark = pytest.mark.kubernetes

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
SECRET = "/api/v1/namespaces/{}/secrets/{}"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/{}/leases/{}"


class Rights:
    """The workload's namespace and one of apps, without pods."""

    def __init__(self, folder: Path) -> None:
        self.home, self.apps = (f"sidecar-test-{uuid.uuid4().hex[:8]}" for _ in range(2))
        self._objects = {
            self.home: manifests(folder, self.home, "shared"),
            self.apps: manifests(folder, self.apps, "shared/namespace", "shared/app"),
        }
        for name, documents in self._objects.items():
            kubectl("create", "namespace", name)
            for document in documents:
                for subject in document.get("subjects", []):
                    subject["namespace"] = self.home  # where the guide has `entra`
        self.apply()

    def apply(self) -> str:
        """All but the pods."""
        return "".join(
            kubectl("apply", "--filename", "-", namespace=name, given=json.dumps(listed(documents)))
            for name, documents in self._objects.items()
        )

    def workload(self, *arguments: str, given: str | None = None) -> str:
        """kubectl as the workload."""
        return kubectl(*arguments, f"--as=system:serviceaccount:{self.home}:{ACCOUNT}", given=given)

    def app(self, *arguments: str, given: str | None = None) -> str:
        """kubectl as the app."""
        return kubectl(*arguments, f"--as=system:serviceaccount:{self.apps}:app", given=given)

    def put(self, path: str, change: Callable[[Document], None]) -> None:
        """Read an object and write it, as the workload does it."""
        found = json.loads(self.workload("get", "--raw", path))
        change(found)
        self.workload("replace", "--raw", path, "--filename", "-", given=json.dumps(found))

    def close(self) -> None:
        """Nothing of it stays."""
        for name in self._objects:
            kubectl("delete", "namespace", name, "--wait=false", check=False)


def listed(documents: list[Document]) -> Document:
    """Without pods."""
    items = [each for each in documents if each["kind"] != "Deployment"]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def rules(ask: Callable[..., str], namespace: str) -> set[tuple[str, ...]]:
    """Everything that an account may do in a namespace, but for asking what it may do."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    answer = json.loads(ask("create", "--raw", REVIEWS, "--filename", "-", given=json.dumps(review)))
    return {
        (resource, name, *sorted(rule["verbs"]))
        for rule in answer["status"]["resourceRules"]
        if not {"authorization.k8s.io", "authentication.k8s.io"} & set(rule["apiGroups"])
        for resource in rule["resources"]
        for name in rule.get("resourceNames", ["*"])
    }


@pytest.fixture(scope="module")
def rights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rights]:
    """Made once; these tests leave it as it was."""
    made = Rights(tmp_path_factory.mktemp("rights"))
    yield made
    made.close()


def test_workload_may_do_what_it_is_meant_to_and_nothing_else(rights: Rights) -> None:
    """The server's own list, in each namespace: no list, no watch, no create but of Events, no other name."""
    assert rules(rights.workload, rights.home) == {
        ("secrets", "entra-state", "get", "update"),
        ("secrets", "entra-token", "get", "update"),
        ("leases", "entra-state", "get", "update"),
        ("events", "*", "create"),
    }
    assert rules(rights.workload, rights.apps) == {("secrets", "entra-token", "get", "update")}
    assert rules(rights.workload, "kube-system") == set()


def test_app_may_do_nothing(rights: Rights) -> None:
    """In its own namespace and in the workload's."""
    for namespace in (rights.apps, rights.home):
        assert rules(rights.app, namespace) == set()
    with pytest.raises(KubectlError, match="Forbidden"):
        rights.app("get", "--raw", SECRET.format(rights.apps, "entra-token"))


def test_workload_writes_its_objects(rights: Rights) -> None:
    """With nothing but get and update, and with the version read before."""
    for namespace, name in (
        (rights.home, "entra-state"),
        (rights.home, "entra-token"),
        (rights.apps, "entra-token"),
    ):
        rights.put(SECRET.format(namespace, name), lambda found: found.update(data={"key": "eA=="}))
    rights.put(
        LEASE.format(rights.home, "entra-state"),
        lambda found: found["spec"].update(holderIdentity="somebody", leaseDurationSeconds=1),
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("get", "secrets"),
        ("get", "secrets", "--watch-only"),
        ("get", "secret", "entra-sidecar-key"),
        ("get", "leases"),
        ("get", "pods"),
        ("get", "configmaps"),
        ("create", "secret", "generic", "entra-token-2"),
        ("delete", "secret", "entra-token"),
        ("delete", "lease", "entra-state"),
        ("patch", "secret", "entra-token", "--patch", "{}"),
        ("create", "serviceaccount", "another"),
        ("delete", "pod", "any"),
    ],
    ids=" ".join,
)
def test_workload_is_forbidden_the_rest(rights: Rights, arguments: tuple[str, ...]) -> None:
    """Calls as they would be made, in both namespaces."""
    for namespace in (rights.home, rights.apps):
        with pytest.raises(KubectlError, match="orbidden"):
            rights.workload(*arguments, f"--namespace={namespace}")


def test_deleted_secret_cannot_be_put_in_place_again(rights: Rights) -> None:
    """An update makes nothing: so no name can be filled with the token of another ServiceAccount."""
    path = SECRET.format(rights.apps, "entra-token")
    found = json.loads(rights.workload("get", "--raw", path))
    kubectl("delete", "secret", "entra-token", namespace=rights.apps)
    found["metadata"] = {"name": "entra-token", "namespace": rights.apps}
    try:
        with pytest.raises(KubectlError, match=r"NotFound|not found|could not find"):
            rights.workload("replace", "--raw", path, "--filename", "-", given=json.dumps(found))
    finally:
        rights.apply()


def test_manifests_applied_again_take_no_content_away(rights: Rights) -> None:
    """By `kubectl apply` and by the server's; what we label and annotate stays too."""

    def fill(found: Document) -> None:
        found["data"] = {"token": "eA=="}
        found["metadata"].setdefault("labels", {})["app.kubernetes.io/managed-by"] = "entra-token-sidecar"

    paths = [
        SECRET.format(namespace, name)
        for namespace, name in (
            (rights.home, "entra-state"),
            (rights.home, "entra-token"),
            (rights.apps, "entra-token"),
        )
    ]
    for path in paths:
        rights.put(path, fill)
    rights.apply()
    rights.apply()
    for path in paths:
        found = json.loads(rights.workload("get", "--raw", path))
        assert found["data"] == {"token": "eA=="}
        assert found["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "entra-token-sidecar"

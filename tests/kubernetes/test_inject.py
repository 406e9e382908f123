"""Injection by label, where the server has MutatingAdmissionPolicy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
import yaml

from tests.emulator.directory import CLIENT_ID, CONTOSO_ID
from tests.engines.docker import PRODUCT
from tests.kubernetes.app import READER, container, template, workload
from tests.kubernetes.cluster import Document, KubectlError, eventually, kubectl, policy_version
from tests.kubernetes.namespace import K8S, Namespace, statuses

pytestmark = [
    pytest.mark.kubernetes,
    pytest.mark.needs("mutating-admission-policy"),
    pytest.mark.needs("native-sidecars"),
]

ANNOTATIONS = {
    "entra-sidecar/client-id": CLIENT_ID,
    "entra-sidecar/tenant-id": CONTOSO_ID,
    "entra-sidecar/scopes": "https://graph.microsoft.com/.default",
    "entra-sidecar/authority-host": "https://entra:8443",
    "entra-sidecar/ca-file": "/etc/entra-sidecar/ca.pem",
}


@pytest.fixture(scope="module")
def policy() -> Iterator[None]:
    """The policies of k8s/inject, with the image under test; in the whole cluster, so removed again."""
    folder = K8S / "inject" / ("v1" if policy_version() == "v1" else "")
    documents = list(yaml.safe_load_all(kubectl("kustomize", str(folder))))
    for document in documents:
        if document["kind"] == "MutatingAdmissionPolicy":
            document["spec"]["variables"][0]["expression"] = f"'{PRODUCT}'"
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})
    kubectl("apply", "--filename", "-", given=given)
    yield
    kubectl("delete", "--filename", "-", given=given, check=False)


def labelled(**annotations: str) -> Document:
    """A Deployment that says nothing of the sidecar but a label."""
    pod = template(container("app", READER))
    pod["metadata"]["labels"]["entra-sidecar/inject"] = "true"
    pod["metadata"]["annotations"] = annotations
    return workload("Deployment", pod)


@pytest.mark.usefixtures("policy")
def test_a_label_is_enough(new_namespace: Callable[..., Namespace]) -> None:
    """Init container, native sidecar and mounts are there; the app reads its token."""
    namespace = new_namespace("--token-life=600", "--approve-after=1", restricted=True)
    eventually(lambda: admitted(namespace, labelled(**ANNOTATIONS)), "the policy's taking effect")
    namespace.apply(labelled(**ANNOTATIONS))
    namespace.wait_for_log("app", "token of alice@contoso.example")
    assert {"entra-sidecar", "app"} <= set(statuses(namespace.ready()))
    assert namespace.prompts() == 1


def admitted(namespace: Namespace, deployment: Document) -> bool:
    """Whether a pod of it would be made, and with a sidecar: by the server's dry run."""
    pod = {"apiVersion": "v1", "kind": "Pod", **deployment["spec"]["template"]}
    pod["metadata"] = pod["metadata"] | {"name": f"dry-{time.monotonic_ns()}"}
    made = namespace.kubectl(
        *("create", "--dry-run=server", "--output=json", "--filename", "-"), given=json.dumps(pod)
    )
    names = [found["name"] for found in json.loads(made)["spec"].get("initContainers", [])]
    return "entra-sidecar" in names


@pytest.mark.usefixtures("policy")
def test_an_unknown_annotation_is_refused(new_namespace: Callable[..., Namespace]) -> None:
    """When the pod is made, and by name."""
    namespace = new_namespace("--token-life=600")
    eventually(lambda: admitted(namespace, labelled(**ANNOTATIONS)), "the policy's taking effect")
    wrong = labelled(**ANNOTATIONS, **{"entra-sidecar/scope": "User.Read"})
    with pytest.raises(KubectlError, match="entra-sidecar/scope"):
        admitted(namespace, wrong)

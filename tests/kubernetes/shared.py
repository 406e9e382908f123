"""k8s/shared in a namespace of a test's own, with the app that mounts the Secret."""

from __future__ import annotations

import base64
import json
import os
import re
import uuid
from pathlib import Path

import yaml

from tests.engines.docker import KUBERNETES, PRODUCT
from tests.kubernetes.app import READER
from tests.kubernetes.cluster import WAIT_SECONDS, Document, eventually, kubectl, version
from tests.kubernetes.namespace import K8S, Namespace, settings_of

WORKLOAD = "app=entra-shared"
ACCOUNT = "entra-shared"
SAME_SECONDS = 3
KEYS = {"token", "token.json", "expires_on"}


def manifests(folder: Path, namespace: str, *folders: str, **settings: str) -> list[Document]:
    """What kustomize makes of these folders of k8s/ for that namespace, with the image under test.
    None: without the ConfigMap.
    """
    folder = folder / uuid.uuid4().hex[:8]
    folder.mkdir()
    literals = settings_of(SIDECAR_PUBLISH_SECRET=f"{namespace}/entra-token", **settings)
    name, tag = KUBERNETES.rsplit(":", 1)
    kustomization = {
        "namespace": namespace,
        "resources": [os.path.relpath(K8S / each, folder) for each in folders],
        "configMapGenerator": [
            {"name": "entra-sidecar", "literals": [f"{key}={value}" for key, value in literals.items()]}
        ],
        "images": [{"name": "entra-token-sidecar", "newName": name, "newTag": tag}],
    }
    (folder / "kustomization.yaml").write_text(json.dumps(kustomization))
    built = kubectl("kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder))
    return [adapted(document) for document in yaml.safe_load_all(built) if document]


def adapted(document: Document) -> Document:
    """For servers that know a PodDisruptionBudget by its older name; the app prints what it reads; and nobody
    has half a minute for a probe.
    """
    if document["kind"] == "PodDisruptionBudget" and version() < (1, 21):
        document["apiVersion"] = "policy/v1beta1"
        del document["spec"]["unhealthyPodEvictionPolicy"]
    if document["kind"] == "Deployment" and document["metadata"]["name"] == "entra-shared":
        (sidecar,) = document["spec"]["template"]["spec"]["containers"]
        for probe in ("startupProbe", "readinessProbe"):
            sidecar[probe]["periodSeconds"] = 2
    if document["kind"] == "Deployment" and document["metadata"]["name"] == "app":
        document["spec"]["replicas"] = 1
        (app,) = document["spec"]["template"]["spec"]["containers"]
        app |= {"image": PRODUCT, "imagePullPolicy": "IfNotPresent", "command": ["python3", "-c", READER]}
    return document


class Shared:
    """The workload `entra-shared` and the app."""

    def __init__(self, namespace: Namespace, folder: Path, **settings: str) -> None:
        self.namespace = namespace
        self.manifests = manifests(folder, namespace.name, "shared", "shared/app", **settings)

    def apply(self) -> None:
        """All of it; also a second time."""
        self.namespace.apply(*self.manifests)

    def pods(self) -> list[Document]:
        """The workload's pods that are not being deleted."""
        found = self.namespace.get("pods", f"--selector={WORKLOAD}")["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def names(self) -> list[str]:
        """Theirs."""
        return sorted(pod["metadata"]["name"] for pod in self.pods())

    def ready(self, but: list[str] | None = None) -> list[str]:
        """Wait until two replicas are ready, none of which is one of `but`; their names."""

        def there() -> list[str]:
            good = [
                pod["metadata"]["name"]
                for pod in self.pods()
                for condition in pod.get("status", {}).get("conditions", [])
                if condition["type"] == "Ready" and condition["status"] == "True"
            ]
            return good if len(good) == 2 and not set(good) & set(but or []) else []

        try:
            return eventually(there, "two ready replicas")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.described()}\n{self.logs()}") from None

    def described(self) -> str:
        """What `kubectl describe pod` says of the workload's pods."""
        return self.namespace.kubectl("describe", "pods", f"--selector={WORKLOAD}", check=False)

    def logs(self) -> str:
        """What the replicas printed."""
        options = ("--prefix", "--tail=-1")
        return self.namespace.kubectl("logs", f"--selector={WORKLOAD}", *options, check=False)

    def renew(self) -> None:
        """HUP to one replica: it takes the Lease, looks at everything and renews."""
        program = ("python3", "-c", "import os, signal; os.kill(1, signal.SIGHUP)")
        self.namespace.kubectl("exec", self.names()[0], "--", *program)

    def data(self, name: str) -> dict[str, bytes]:
        """What is in a Secret."""
        found = self.namespace.get("secret", name).get("data") or {}
        return {key: base64.b64decode(value) for key, value in found.items()}

    def expires_on(self) -> int:
        """Of the token in the Secret; 0 if there is none."""
        return int(self.data("entra-token").get("expires_on", b"0") or b"0")

    def renewed(self, what: str, seconds: float = WAIT_SECONDS) -> int:
        """Renew, and wait until the Secret has a token that ends later than before; when that is."""
        before = self.expires_on()
        self.renew()
        try:
            return eventually(lambda: self.later(before), f"a new token in the Secret, {what}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None

    def later(self, than: int) -> int:
        """When the Secret's token ends, if that is later; else 0."""
        found = self.expires_on()
        return found if found > than else 0

    def at_the_app(self, expires_on: int) -> None:
        """Wait until the app has read that token, or a later one: the kubelet may pass over one that is
        renewed soon. A replica may say a second less of a token than another: the clocks that it reads one
        after the other leave that doubt.
        """

        def seen() -> bool:
            found = re.findall(r"expires_on (\d+) live", self.namespace.logs("app"))
            return any(int(each) >= expires_on - SAME_SECONDS for each in found)

        try:
            eventually(seen, f"the token that expires on {expires_on} at the app")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.namespace.logs('app')}\n{self.logs()}") from None

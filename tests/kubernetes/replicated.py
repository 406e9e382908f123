"""What replicas outside the cluster need of it: Secrets, Lease and rights, and a watch of them."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.kubernetes.cluster import Document, eventually, kubectl, version
from tests.kubernetes.namespace import Namespace
from tests.torture.replicas.onlookers import Content
from tests.torture.replicas.referee import LeaseWrite
from tests.torture.replicas.scene import STATE, TOKENS

ACCOUNT = "entra-shared"


class RealCluster:
    """A `Cluster`. A context manager: it watches as an administrator, and the replicas have the rights of the
    ServiceAccount alone.
    """

    lag_seconds = 0.5

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self.namespace = namespace.name
        self._namespace = namespace
        self.account_dir = folder / "serviceaccount"
        self.account_dir.mkdir()
        namespace.apply(*_objects())
        view = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "--output", "json"))
        cluster = view["clusters"][0]["cluster"]
        address = urlsplit(cluster["server"])
        (self.account_dir / "ca.crt").write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
        self.token = self.new_token()
        self.settings: Mapping[str, str] = {
            "KUBERNETES_SERVICE_HOST": str(address.hostname),
            "KUBERNETES_SERVICE_PORT": str(address.port or 443),
            "SIDECAR_SERVICE_ACCOUNT_DIR": str(self.account_dir),
        }
        self._secrets = {name: Watch(namespace.name, "secret", name) for name in (STATE, TOKENS)}
        self._lease = Watch(namespace.name, "lease", STATE)

    def __enter__(self) -> RealCluster:
        for watch in (*self._secrets.values(), self._lease):
            watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        for watch in (*self._secrets.values(), self._lease):
            watch.stop()

    def new_token(self) -> str:
        """A token of the ServiceAccount, in the file that replicas read; before 1.24 its Secret has it."""
        if version() >= (1, 24):
            token = self._namespace.kubectl("create", "token", ACCOUNT, "--duration=1h").strip()
        else:
            token = eventually(self._token_of_secret, "a token of the ServiceAccount")
        (self.account_dir / "token").write_text(token)
        return token

    def _token_of_secret(self) -> str:
        named = [secret["name"] for secret in self._namespace.get("serviceaccount", ACCOUNT)["secrets"]]
        return base64.b64decode(self._namespace.get("secret", named[0])["data"]["token"]).decode()

    def secret(self, name: str) -> Content | None:
        """As the watch saw it last."""
        seen = self._secrets[name].last
        if seen is None:
            return None
        return {key: base64.b64decode(value) for key, value in (seen.get("data") or {}).items()}

    def lease_writes(self) -> list[LeaseWrite]:
        """As the watch saw them."""
        return [
            LeaseWrite(at, seen.get("spec", {}).get("holderIdentity") or None)
            for at, seen in self._lease.history
        ]


class Watch:
    """All versions of one object, from a `kubectl get --watch`."""

    def __init__(self, namespace: str, kind: str, name: str) -> None:
        self.history: list[tuple[float, Document]] = []
        self.last: Document | None = None
        self._command = (
            *("kubectl", "--namespace", namespace, "get", kind, name),
            *("--watch", "--output-watch-events", "--output", "json"),
        )
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        """Begin, and wait for the object as it is."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        self._thread.start()
        eventually(lambda: self.history, f"a watch: {self._command}")

    def stop(self) -> None:
        """End it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._thread.join()

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            text = ""
            for line in lines:
                text += line
                with suppress(json.JSONDecodeError):  # until it is whole: on one line, or indented
                    self._saw(json.loads(text))
                    text = ""

    def _saw(self, event: dict[str, Any]) -> None:
        seen = event["object"]
        self.history.append((time.time(), seen))
        self.last = None if event["type"] == "DELETED" else seen


def _objects() -> list[Document]:
    """What k8s/shared has, but for the workload."""
    labels = {"app.kubernetes.io/managed-by": "entra-token-sidecar"}
    core, coordination = "v1", "coordination.k8s.io/v1"
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT}
    rules = [
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": [STATE, TOKENS],
            "verbs": ["get", "update"],
        },
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [STATE],
            "verbs": ["get", "update"],
        },
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
    ]
    return [
        {"apiVersion": core, "kind": "Secret", "metadata": {"name": STATE, "labels": labels}},
        {"apiVersion": core, "kind": "Secret", "metadata": {"name": TOKENS, "labels": labels}},
        {"apiVersion": coordination, "kind": "Lease", "metadata": {"name": STATE, "labels": labels}},
        {"apiVersion": core, "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": ACCOUNT},
            "rules": rules,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": ACCOUNT},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT}],
            "roleRef": role,
        },
    ]

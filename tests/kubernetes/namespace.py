"""One namespace of a test's own: the stand-in for Entra, settings, key, and workloads through k8s/."""

from __future__ import annotations

import base64
import json
import os
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.emulator.directory import CLIENT_ID, CONTOSO_ID
from tests.engines.docker import PRODUCT, STAND_IN
from tests.kubernetes.cluster import WAIT_SECONDS, Document, eventually, has, kubectl

K8S = Path(__file__).resolve().parents[2] / "k8s"
ASK = """
import json, ssl, sys, urllib.request
context = ssl._create_unverified_context()
body = sys.argv[3].encode() if len(sys.argv) > 3 else None
request = urllib.request.Request("https://localhost:8443/_control/" + sys.argv[2], body, method=sys.argv[1])
print(urllib.request.urlopen(request, timeout=10, context=context).read().decode())
"""


class Namespace:
    """Everything in it goes when it is closed; what its pods printed goes to `printed`."""

    def __init__(self, folder: Path, printed: Callable[[str], None], *, restricted: bool = False) -> None:
        self.name = f"sidecar-test-{uuid.uuid4().hex[:8]}"
        self._folder = folder
        self._printed = printed
        labels = {"pod-security.kubernetes.io/enforce": "restricted"} if restricted else {}
        self.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name, "labels": labels}}
        )

    def kubectl(self, *arguments: str, **options: Any) -> str:
        """A command in this namespace."""
        return kubectl(*arguments, namespace=self.name, **options)

    def apply(self, *documents: Document) -> None:
        """Create or change objects; kubectl's own checks of fields are on."""
        items = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        self.kubectl("apply", "--filename", "-", given=json.dumps(items))

    def get(self, kind: str, name: str = "") -> Document:
        """One object, or the list of a kind."""
        found: Document = json.loads(self.kubectl("get", kind, *([name] if name else []), "--output", "json"))
        return found

    def stand_in(self, *options: str) -> None:
        """Start the stand-in for Entra, and put its CA and a new key where the manifests look for them."""
        documents = list(yaml.safe_load_all((K8S / "examples" / "emulator" / "entra.yaml").read_text()))
        container = documents[0]["spec"]["template"]["spec"]["containers"][0]
        container["image"] = STAND_IN
        container["args"] = ["--hostname=entra", "--interval=1", *options]
        key = base64.b64encode(base64.b64encode(os.urandom(32))).decode()
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "entra-sidecar-key"}}
        self.apply(*documents, secret | {"data": {"key": key}})
        self.kubectl("rollout", "status", "deployment/entra", "--timeout=110s")
        ca = self.python("deployment/entra", "print(open('/tls/ca.pem').read())")
        meta = {"name": "entra-sidecar-ca"}
        self.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"ca.pem": ca}})

    def python(self, pod: str, program: str, *arguments: str, container: str = "") -> str:
        """What a Python program prints in a container."""
        where = ("--container", container) if container else ()
        return self.kubectl("exec", pod, *where, "--", "python3", "-c", program, *arguments)

    def terminate(self, container: str) -> None:
        """TERM to PID 1 of a container of the app's pod; the command may end with it."""
        program = ("python3", "-c", "import os; os.kill(1, 15)")
        name = self.pod()["metadata"]["name"]
        self.kubectl("exec", name, "--container", container, "--", *program, check=False)

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """A request to the stand-in's /_control."""
        given = [json.dumps(body)] if body else []
        return json.loads(self.python("deployment/entra", ASK, method, path, *given))

    def approve(self) -> None:
        """Sign in at the open prompt, as soon as there is one."""
        eventually(lambda: self.ask("GET", "codes")["user_codes"], "an open prompt")
        self.ask("POST", "approve", user="alice")

    def prompts(self) -> int:
        """How many prompts there have been."""
        return len(self.ask("GET", "requests?kind=devicecode")["requests"])

    def secrets(self) -> set[str]:
        """All that the stand-in issued and nobody may print."""
        return set(self.ask("GET", "secrets")["secrets"])

    def build(self, components: Iterable[str], *resources: Document, **settings: str) -> list[Document]:
        """What kustomize makes of the user's resources and these components, with the images under test."""
        folder = self._folder / uuid.uuid4().hex[:8]
        folder.mkdir()
        (folder / "app.yaml").write_text(yaml.safe_dump_all(resources))
        literals = settings_of(**settings)
        name, tag = PRODUCT.rsplit(":", 1)
        kustomization = {
            "resources": ["app.yaml"],
            "components": [os.path.relpath(K8S / component, folder) for component in components],
            "configMapGenerator": [
                {"name": "entra-sidecar", "literals": [f"{key}={value}" for key, value in literals.items()]}
            ],
            "images": [{"name": "entra-token-sidecar", "newName": name, "newTag": tag}],
        }
        (folder / "kustomization.yaml").write_text(json.dumps(kustomization))
        built = kubectl("kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder))
        return [document for document in yaml.safe_load_all(built) if document]

    def run(self, components: Iterable[str], *resources: Document, **settings: str) -> None:
        """Build and apply."""
        self.apply(*self.build(components, *resources, **settings))

    def pod(self, *, index: int = 0) -> Document:
        """The app's pod, as soon as there is one that is not being deleted."""

        def there() -> Document | None:
            pods = self.get("pods", "--selector=app=app")["items"]
            live = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
            return live[index] if len(live) > index else None

        found = eventually(there, "a pod of the app")
        assert found is not None
        return found

    def logs(self, container: str, *options: str, pod: str = "") -> str:
        """What a container of the app's pod printed."""
        return self.kubectl("logs", pod or self.pod()["metadata"]["name"], "--container", container, *options)

    def wait_for_log(
        self, container: str, text: str, count: int = 1, seconds: float = WAIT_SECONDS, pod: str = ""
    ) -> str:
        """Wait until a container has printed `text` so often; its log."""

        def there() -> str:
            printed = self.logs(container, pod=pod)
            return printed if printed.count(text) >= count else ""

        try:
            return eventually(there, f"{text!r} x {count} in the log of {container}", seconds)
        except AssertionError as error:
            described = self.kubectl("describe", "pods", "--selector=app=app", check=False)
            raise AssertionError(f"{error}\n{described}") from None

    def ready(self, seconds: float = WAIT_SECONDS) -> Document:
        """The app's pod, once every container of it is ready."""

        def there() -> Document | None:
            pod = self.pod()
            conditions = {c["type"]: c["status"] for c in pod.get("status", {}).get("conditions", [])}
            return pod if conditions.get("Ready") == "True" else None

        found = eventually(there, "a ready pod", seconds)
        assert found is not None
        return found

    def close(self) -> None:
        """Tell the search for secrets what was printed, and remove the namespace."""
        for pod in self.get("pods")["items"]:
            if pod["metadata"]["name"].startswith("entra-"):
                continue
            options = ("--all-containers", "--ignore-errors")
            self._printed(self.kubectl("logs", pod["metadata"]["name"], *options, check=False))
            self._printed(self.kubectl("describe", "pod", pod["metadata"]["name"], check=False))
            if pod["metadata"].get("finalizers"):
                patch = '{"metadata":{"finalizers":null}}'
                self.kubectl("patch", "pod", pod["metadata"]["name"], "--patch", patch, check=False)
        kubectl("delete", "namespace", self.name, "--wait=false", check=False)


def settings_of(**settings: str) -> dict[str, str]:
    """What a ConfigMap `entra-sidecar` says about the stand-in, and these."""
    return {
        "AZURE_AUTHORITY_HOST": "https://entra:8443",
        "AZURE_CLIENT_ID": CLIENT_ID,
        "AZURE_TENANT_ID": CONTOSO_ID,
        "SIDECAR_SCOPES": "https://graph.microsoft.com/.default",
        "SIDECAR_CA_FILE": "/etc/entra-sidecar/ca.pem",
    } | settings


def statuses(pod: Document) -> dict[str, Document]:
    """The containers' statuses by name, init containers included."""
    status = pod.get("status", {})
    return {
        found["name"]: found
        for found in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    }


def arrangements() -> list[str]:
    """Those that this server can run."""
    return ["component", "single", "classic"] if has("native-sidecars") else ["classic"]

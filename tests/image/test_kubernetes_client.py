"""The image with the Kubernetes client: all of it works without what was left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Rule
from tests.engines.docker import HARDENED, KUBERNETES, PRODUCT, Engine
from tests.kubernetes_api.server import Fault, KubernetesApi

pytestmark = pytest.mark.image

TOKEN, STATE = ObjectName("apps", "entra-token"), ObjectName("entra", "entra-state")

PROGRAM = """
import json, os, sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, "/")
from sidecar.deferral import defer
defer()  # as every turn does first: asyncio, which the client imports, waits too
from sidecar.adapters.kubernetes import LightkubeApi
from sidecar.core.kubernetes.names import ObjectName, Pod
from sidecar.core.kubernetes.objects import EventNote, Rule
from sidecar.errors import ClusterError
folder = Path("/tmp/account")
folder.mkdir()
for name in ("token", "ca.crt"):
    (folder / name).write_text(os.environ[name.upper()])
api = LightkubeApi(server=os.environ["SERVER"], account_dir=folder)
told = []
def ask(call):
    try:
        return call()
    except ClusterError as error:
        told.append(type(error).__name__)
secret = api.secret(ObjectName("apps", "entra-token"))
secret = api.replace_secret(replace(secret, data={"token": b"carried"}))
lease = api.lease(ObjectName("entra", "entra-state"))
api.replace_lease(replace(lease, holder="it", duration_seconds=9, renewed_on=1.5, acquired_on=1.5))
api.create_event(EventNote(Pod("entra", "pod-0", "uid"), "SigninRequired", "a note"))
assert api.may(Rule("apps", "", "secrets", "get", "entra-token"))
for name in ("forbidden", "missing"):
    ask(lambda: api.secret(ObjectName("apps", name)))
for _ in range(3):  # what befalls the server: 429, HTML, nonsense
    ask(lambda: api.secret(ObjectName("apps", "faulty")))
ask(lambda: LightkubeApi(server="https://127.0.0.1:1", account_dir=folder).secret(secret.name))
(folder / "token").write_text("not-accepted")
ask(lambda: LightkubeApi(server=os.environ["SERVER"], account_dir=folder).secret(secret.name))
import asyncio
assert asyncio.sleep, "all of it is there, for whoever asks"
print(json.dumps(told))
"""


def test_the_client_does_all_that_is_asked_of_it(
    kubernetes_api: KubernetesApi, docker_engine: Engine, tmp_path: Path
) -> None:
    """Reads, writes, questions, and each kind of failure, hardened as in a pod."""
    store, account = kubernetes_api.store, kubernetes_api.account_dir(tmp_path)
    store.add_secret(TOKEN)
    store.add_lease(STATE)
    store.add_secret(ObjectName("apps", "faulty"))
    store.forbidden.add(Rule("apps", "", "secrets", "get", "forbidden"))
    for kind in ("status", "html", "nonsense"):
        kubernetes_api.befall(Fault(kind, 429, name="faulty"))
    code, printed = docker_engine.once(
        *(*HARDENED, "--network=host", "--tmpfs", "/tmp", "--entrypoint", "python3"),
        *("--env", f"SERVER={kubernetes_api.url}", "--env", f"TOKEN={(account / 'token').read_text()}"),
        *("--env", f"CA.CRT={(account / 'ca.crt').read_text()}", KUBERNETES, "-P", "-c", PROGRAM),
    )
    assert code == 0, printed
    assert json.loads(printed.splitlines()[-1]) == [
        "ClusterForbidden",
        "ObjectMissing",
        "ClusterBusy",
        "ClusterUnreachable",
        "ClusterUnreachable",
        "ClusterUnreachable",
        "ClusterForbidden",
    ]
    assert store.data(TOKEN) == {"token": b"carried"}
    assert len(store.events) == 1


def test_the_image_without_it_says_so(docker_engine: Engine) -> None:
    """78 and the tag, before anything is asked of anybody."""
    code, printed = docker_engine.once(
        *HARDENED,
        *("--tmpfs", "/var/run/secrets/entra", "--tmpfs", "/var/lib/entra-sidecar"),
        *("--env", "AZURE_CLIENT_ID=00000000-0000-4000-8000-000000000001"),
        *("--env", "AZURE_TENANT_ID=00000000-0000-4000-8000-000000000002"),
        *("--env", "SIDECAR_SCOPES=api://x/.default", "--env", "SIDECAR_PUBLISH_SECRET=apps/entra-token"),
        *("--env", "KUBERNETES_SERVICE_HOST=127.0.0.1", "--env", "KUBERNETES_SERVICE_PORT=443"),
        *(PRODUCT, "refresh"),
    )
    assert code == 78, printed
    assert "-kubernetes" in printed

"""A pod's life in each arrangement: prompt, approval, renewals, restarts, revocation, the end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.kubernetes.app import APP_USER, READER, container, template, workload
from tests.kubernetes.cluster import Document, eventually
from tests.kubernetes.namespace import Namespace, statuses

TOKEN_LIFE_SECONDS = 30
PROMPT = '{"event": "signin.code_issued"'


@dataclass
class Life:
    """One pod and what was seen of its beginning."""

    arrangement: str
    namespace: Namespace
    waiting: Document
    prompt: dict[str, Any]
    described: str

    @property
    def asks_first(self) -> str:
        """The container whose log has the first prompt."""
        return "entra-sidecar" if self.arrangement == "single" else "entra-signin"

    def restarts(self, name: str) -> int:
        """How often a container has been started again."""
        return int(statuses(self.namespace.pod())[name]["restartCount"])

    def expiries(self) -> list[int]:
        """The tokens that the app has seen, by their expiry."""
        return [int(found) for found in re.findall(r"expires_on (\d+) live", self.namespace.logs("app"))]

    def renewed(self, times: int = 1) -> None:
        """Wait until the app has seen further tokens."""
        before = len(self.expiries())
        eventually(lambda: len(self.expiries()) >= before + times, f"{times} further tokens at the app")


def without_mount(document: Document, name: str) -> None:
    """Take the token from one container: what a user does who wants to keep it from that one."""
    for found in document["spec"]["template"]["spec"]["containers"]:
        if found["name"] == name:
            mounts = [mount for mount in found["volumeMounts"] if mount["name"] != "entra-token"]
            found["volumeMounts"] = mounts


def params() -> list[Any]:
    """The arrangements; what needs native sidecars is left out where there are none."""
    native = pytest.mark.needs("native-sidecars")
    return [
        pytest.param("component", marks=native),
        pytest.param("single", marks=native),
        pytest.param("classic"),
    ]


pytestmark = pytest.mark.kubernetes


@pytest.fixture(scope="module", params=params())
def life(request: pytest.FixtureRequest, new_namespace: Callable[..., Namespace]) -> Life:
    """A Deployment whose person has signed in; its pod is shared by the tests of this module."""
    namespace = new_namespace(f"--token-life={TOKEN_LIFE_SECONDS}")
    pod = template(container("app", READER), container("bystander", READER))
    # Kept after its end, so that the statuses can be read.
    pod["metadata"]["finalizers"] = ["sidecar.test/read-first"]
    documents = namespace.build([request.param], workload("Deployment", pod))
    for document in documents:
        if document["kind"] == "Deployment":
            without_mount(document, "bystander")
    namespace.apply(*documents)
    asks = "entra-sidecar" if request.param == "single" else "entra-signin"
    printed = namespace.wait_for_log(asks, PROMPT)
    prompt = next(json.loads(line) for line in printed.splitlines() if line.startswith(PROMPT))
    waiting = namespace.pod()
    described = ""
    if request.param == "single":
        code = prompt["user_code"]

        def told() -> str:
            found = namespace.kubectl("describe", "pods", "--selector=app=app")
            return found if code in found else ""

        described = eventually(told, "the prompt among the Events")
    namespace.approve()
    namespace.ready()
    return Life(request.param, namespace, waiting, prompt, described)


def test_the_prompt_is_in_the_log_before_the_app_starts(life: Life) -> None:
    """Open page and code for a person; the app is not there yet."""
    printed = life.namespace.logs(life.asks_first)
    assert f"Enter  {life.prompt['user_code']}" in printed
    assert f"Open   {life.prompt['verification_uri']}" in printed
    assert "running" not in statuses(life.waiting).get("app", {}).get("state", {})
    if life.arrangement == "single":
        assert f"sign-in needed: open {life.prompt['verification_uri']}" in life.described


def test_the_app_starts_when_the_token_is_there(life: Life) -> None:
    """Its first line about a token is a live one, with no look in vain before it."""
    lines = life.namespace.logs("app").splitlines()
    assert f"app starts as {APP_USER}" in lines[0]
    assert "token of alice@contoso.example" in lines[1]
    assert lines[1].endswith("live")


def test_a_container_without_the_mount_finds_nothing(life: Life) -> None:
    """The boundary is the mount; the state is in no container but ours."""
    assert "no token: FileNotFoundError" in life.namespace.logs("bystander")
    look = (
        "import os; print(sorted(os.listdir('/var/lib/entra-sidecar')), os.path.exists('/etc/entra-sidecar'))"
    )
    for name in ("app", "bystander"):
        found = life.namespace.python(life.namespace.pod()["metadata"]["name"], look, container=name)
        assert found.strip() == "[] False"


def test_the_app_cannot_write_what_it_reads(life: Life) -> None:
    """Its mount is read-only."""
    attempt = "try: open('/var/run/secrets/entra/x', 'w')\nexcept OSError as error: print(error.strerror)"
    name = life.namespace.pod()["metadata"]["name"]
    assert life.namespace.python(name, attempt, container="app").strip() == "Read-only file system"


def test_the_app_keeps_its_account_and_the_sidecar_has_none(life: Life) -> None:
    """A ServiceAccount token is the app's affair."""
    look = "import os; print(os.path.exists('/var/run/secrets/kubernetes.io/serviceaccount/token'))"
    name = life.namespace.pod()["metadata"]["name"]
    assert life.namespace.python(name, look, container="app").strip() == "True"
    assert life.namespace.python(name, look, container="entra-sidecar").strip() == "False"


def test_renewals_reach_the_app(life: Life) -> None:
    """Three in a row, and it never saw an expired one."""
    life.renewed(3)
    assert "EXPIRED" not in life.namespace.logs("app")
    assert life.namespace.prompts() == 1


def test_a_restarted_sidecar_asks_nobody(life: Life) -> None:
    """Its state is in the pod; the app goes on."""
    before = life.restarts("entra-sidecar")
    life.namespace.terminate("entra-sidecar")
    eventually(lambda: life.restarts("entra-sidecar") > before, "the sidecar's restart")
    life.namespace.ready()
    life.renewed()
    assert life.namespace.prompts() == 1


def test_a_restarted_app_asks_nobody(life: Life) -> None:
    """It finds the token that its predecessor read."""
    before = life.restarts("app")
    life.namespace.terminate("app")
    eventually(lambda: life.restarts("app") > before, "the app's restart")
    lines = life.namespace.wait_for_log("app", "token of").splitlines()
    assert lines[1].endswith("live")
    assert life.namespace.prompts() == 1


def test_an_expired_token_never_kills_the_sidecar(life: Life) -> None:
    """The authority is away until the token is dead: not ready, no restart, and back by itself."""
    before = life.restarts("entra-sidecar")
    fault = {"name": "status", "status": 503}
    life.namespace.ask("POST", "faults", kind="token", fault=fault, always=True)
    try:

        def unready() -> bool:
            return not statuses(life.namespace.pod())["entra-sidecar"]["ready"]

        eventually(unready, "a pod that is not ready")
        name = life.namespace.pod()["metadata"]["name"]
        alive = "import subprocess; print(subprocess.run(['/entrypoint.sh', 'probe', 'liveness']).returncode)"
        assert life.namespace.python(name, alive, container="entra-sidecar").rstrip().endswith("0")
    finally:
        life.namespace.ask("DELETE", "faults")
    life.namespace.ready()
    assert life.restarts("entra-sidecar") == before
    assert life.namespace.prompts() == 1


def test_a_revoked_sign_in_asks_again_among_the_events(life: Life) -> None:
    """The probe's line carries code and page; after approval everything goes on in the same pod."""
    prompts = life.namespace.logs("entra-sidecar").count(PROMPT) + 1
    life.namespace.ask("POST", "revoke", user="alice")
    printed = life.namespace.wait_for_log("entra-sidecar", PROMPT, prompts)
    issued = [json.loads(line) for line in printed.splitlines() if line.startswith(PROMPT)]

    def told() -> bool:
        events = life.namespace.kubectl("get", "events", "--output", "json")
        return f"enter {issued[-1]['user_code']} " in events

    eventually(told, "the new code among the Events")
    life.namespace.approve()
    life.namespace.ready()
    life.renewed()
    assert life.namespace.prompts() == 2


def test_the_pod_ends_in_order(life: Life) -> None:
    """The app first, then a native sidecar, at once and with 0; nothing waits for the grace period."""
    pod = life.namespace.pod()
    name = pod["metadata"]["name"]
    life.namespace.kubectl("scale", "deployment/app", "--replicas=0")

    def ended() -> dict[str, Document] | None:
        found = statuses(life.namespace.get("pod", name))
        both = [found[each]["state"].get("terminated") for each in ("app", "entra-sidecar")]
        return {"app": both[0], "entra-sidecar": both[1]} if all(both) else None

    found = eventually(ended, "the end of both")
    assert found is not None
    assert found["entra-sidecar"]["exitCode"] == 0
    assert found["app"]["exitCode"] == 0
    if life.arrangement != "classic":
        assert found["app"]["finishedAt"] <= found["entra-sidecar"]["finishedAt"]

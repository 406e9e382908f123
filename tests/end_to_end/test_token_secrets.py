"""Secrets that apps mount, by processes and over HTTPS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Rule
from tests.emulator import Emulator
from tests.end_to_end.pod import Pod, eventually
from tests.kubernetes_api.server import Fault, KubernetesApi

APPS, JOBS = ObjectName("apps", "entra-token"), ObjectName("jobs", "entra-token")
GRAPH = "https://graph.microsoft.com/.default"


@pytest.fixture
def publishing(pod: Pod, entra: Emulator, kubernetes_api: KubernetesApi, tmp_path: Path) -> Pod:
    """A pod with two tokens and two Secrets, and no shared state."""
    for name in (APPS, JOBS):
        kubernetes_api.store.add_secret(name, token=b"")
    pod.settings |= {
        **kubernetes_api.environ,
        "SIDECAR_SERVICE_ACCOUNT_DIR": str(kubernetes_api.account_dir(tmp_path / "account")),
        "SIDECAR_PUBLISH_SECRET": f"{APPS},{JOBS}",
        "SIDECAR_TOKENS": f"graph={GRAPH}",
    }
    entra.policy.approve_after = 0
    return pod


def files(pod: Pod) -> dict[str, bytes]:
    """What readers of the token directory see, by the key that it has in a Secret."""
    root = pod.tokens / "..data"
    paths = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix().replace("/", "."): path.read_bytes() for path in paths}


def test_secrets_follow_the_directory_through_sign_in_and_renewal(
    publishing: Pod, entra: Emulator, kubernetes_api: KubernetesApi
) -> None:
    """A write that fails is told, tried again when the server says, and then told to be over."""
    code, output = publishing.run("signin")
    assert code == 0, output
    store = kubernetes_api.store
    first = store.data(APPS)
    assert first == store.data(JOBS) == files(publishing)
    kubernetes_api.befall(Fault("status", code=429, retry_after="1", verb="update", times=None))
    loop = publishing.start("refresh", "--now")
    failed = loop.wait_for("secret.failed", 2)
    assert failed["kind"] == "cluster-busy"
    assert store.data(APPS) == first != files(publishing)
    kubernetes_api.heal()
    loop.wait_for("secret.recovered", 2)
    assert store.data(APPS) == store.data(JOBS) == files(publishing)
    code, output = publishing.run("status", "--json")
    told = json.loads(output)["secrets"]
    assert (code, told.keys()) == (0, {str(APPS), str(JOBS)})
    expires_on = publishing.document()["expires_on"]
    assert [each["expires_on"] for each in told.values()] == [expires_on] * 2
    assert eventually(lambda: publishing.run("probe", "readiness")[0] == 0, "green")
    assert entra.count("devicecode") == 1


def test_signin_waits_for_the_rule_that_is_missing(
    publishing: Pod, entra: Emulator, kubernetes_api: KubernetesApi
) -> None:
    """75 with the rule, the startup probe red; 0 as soon as it is there, and nobody is asked twice."""
    missing = Rule(JOBS.namespace, "", "secrets", "update", JOBS.name)
    kubernetes_api.store.forbidden.add(missing)
    signin = publishing.start("signin")
    assert signin.end() == 75, signin.output
    (failed,) = signin.records("secret.failed")
    assert (failed["secret"], failed["kind"]) == (str(JOBS), "cluster-forbidden")
    assert "update" in failed["advice"]
    assert kubernetes_api.store.data(APPS) == files(publishing)
    assert publishing.run("probe", "startup")[0] == 1
    kubernetes_api.store.forbidden.clear()
    code, output = publishing.run("signin")
    assert code == 0, output
    assert kubernetes_api.store.data(JOBS) == files(publishing)
    assert publishing.run("probe", "startup")[0] == 0
    assert entra.count("devicecode") == 1


def test_template_that_is_called_as_a_key_of_a_token_ends_the_start(
    publishing: Pod, tmp_path: Path, kubernetes_api: KubernetesApi
) -> None:
    """In a directory they are two files, in a Secret one key: 78, before anybody is asked."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "graph.token").write_text("{{ graph.token }}")
    code, output = publishing.run("signin", SIDECAR_TEMPLATE_DIR=str(folder))
    assert code == 78, output
    assert "'graph.token' is the name of a file of ours" in output
    assert kubernetes_api.asked == []
    code, output = publishing.run("signin", SIDECAR_PUBLISH_SECRET="", SIDECAR_TEMPLATE_DIR=str(folder))
    assert code == 0, output

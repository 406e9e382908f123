"""`doctor` as a process beside a stand-in for the API server: one sign-in for many pods, and its faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.names import Pod as KubernetesPod
from sidecar.core.kubernetes.objects import Rule
from sidecar.core.kubernetes.rules import rules_needed
from tests.end_to_end.checkups import examined, failures
from tests.end_to_end.pod import Pod
from tests.kubernetes_api.server import KubernetesApi

TOKEN, STATE = ObjectName("apps", "entra-token"), ObjectName("entra", "entra-state")
CHECKS = ("cluster", "cluster_rules", "cluster_excess", "state_secret", "token_secrets")


@pytest.fixture
def shared(pod: Pod, kubernetes_api: KubernetesApi, tmp_path: Path, key_file: Callable[[Path], Path]) -> Pod:
    """The shared workload before its first sign-in, with the rights that are shipped."""
    for name in (TOKEN, STATE):
        kubernetes_api.store.add_secret(name)
    kubernetes_api.store.add_lease(STATE)
    kubernetes_api.store.allowed = set(
        rules_needed(publish=(TOKEN,), state=STATE, pod=KubernetesPod("entra", "shared-0", "0f0f"))
    )
    pod.settings |= kubernetes_api.environ | {
        "SIDECAR_PUBLISH_SECRET": str(TOKEN),
        "SIDECAR_STATE_SECRET": str(STATE),
        "SIDECAR_POD": "entra/shared-0/0f0f",
        "SIDECAR_SERVICE_ACCOUNT_DIR": str(kubernetes_api.account_dir(tmp_path / "account")),
        "SIDECAR_CACHE_KEY_FILE": str(key_file(tmp_path / "key")),
    }
    return pod


def test_workload_as_shipped_passes_and_writes_nothing(shared: Pod, kubernetes_api: KubernetesApi) -> None:
    """Reads and questions alone."""
    checks = examined(shared)
    assert failures(checks) == []
    assert {name: checks[name]["outcome"] for name in CHECKS} == dict.fromkeys(CHECKS, "pass")
    asked = {(each.rule.verb, each.rule.resource) for each in kubernetes_api.asked}
    assert asked == {("create", "selfsubjectaccessreviews"), ("get", "secrets"), ("get", "leases")}


def test_missing_rule_object_and_too_many_rights_are_told_at_once(
    shared: Pod, kubernetes_api: KubernetesApi
) -> None:
    """Each with its fix; the sign-in itself is looked at all the same."""
    allowed = kubernetes_api.store.allowed
    assert allowed is not None
    allowed.remove(Rule("apps", "", "secrets", "update", "entra-token"))
    allowed.add(Rule("entra", "", "secrets", "list"))
    kubernetes_api.store.delete("leases", STATE)
    checks = examined(shared)
    assert failures(checks) == ["cluster_rules", "state_secret"]
    assert "resourceNames: [entra-token], verbs: [update]}" in checks["cluster_rules"]["seen"]
    assert "kubectl -n apps create role" in checks["cluster_rules"]["fix"]
    assert checks["cluster_excess"]["outcome"] == "warn"
    assert "list secrets in entra" in checks["cluster_excess"]["seen"]
    assert "leases entra/entra-state is not there" in checks["state_secret"]["seen"]
    assert checks["public_client"]["outcome"] == "pass"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("away", "refused"),
        ("revoked", "does not accept the ServiceAccount's token"),
        ("other ca", "certificate"),
        ("not mounted", "cannot be read"),
        ("no pod", "KUBERNETES_SERVICE_HOST"),
    ],
)
def test_server_that_cannot_be_used_is_told_once(
    shared: Pod, kubernetes_api: KubernetesApi, tmp_path: Path, fault: str, words: str
) -> None:
    """Why, and what to do; the checks behind it are left out."""
    match fault:
        case "away":
            kubernetes_api.stop()
        case "revoked":
            kubernetes_api.tokens.clear()
        case "other ca":
            (tmp_path / "account" / "ca.crt").write_bytes(
                Path(shared.settings["SIDECAR_CA_FILE"]).read_bytes()
            )
        case "not mounted":
            shared.settings["SIDECAR_SERVICE_ACCOUNT_DIR"] = str(tmp_path / "nowhere")
        case "no pod":
            shared.settings["KUBERNETES_SERVICE_HOST"] = ""
    checks = examined(shared)
    assert failures(checks) == ["cluster"]
    assert words in checks["cluster"]["seen"]
    assert [checks[name]["outcome"] for name in CHECKS[1:]] == ["skip"] * 4
    assert all(checks[name]["seen"] == "cluster was not reached" for name in CHECKS[1:])

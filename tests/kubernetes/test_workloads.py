"""Every kind of workload, and Jobs above all: they end, as their app ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.kubernetes.app import ONCE, READER, container, template, workload
from tests.kubernetes.cluster import Document, eventually, has
from tests.kubernetes.namespace import Namespace, statuses

pytestmark = pytest.mark.kubernetes

EVERY_DAY = ["--token-life=600", "--approve-after=1"]


@pytest.fixture(scope="module")
def arrangement() -> str:
    """The best that the server can run."""
    return "component" if has("native-sidecars") else "classic"


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_every_kind_runs(kind: str, new_namespace: Callable[..., Namespace], arrangement: str) -> None:
    """Deployments are the subject of `test_life`; Jobs follow."""
    namespace = new_namespace(*EVERY_DAY)
    namespace.run([arrangement], workload(kind, template(container("app", READER))))
    namespace.wait_for_log("app", "token of alice@contoso.example")
    namespace.ready()


def job(namespace: Namespace) -> dict[str, Any]:
    """The namespace's first Job, once it has ended; `ended` is its last condition."""

    def ended() -> dict[str, Any] | None:
        for found in namespace.get("jobs")["items"]:
            types = {c["type"]: c for c in found["status"].get("conditions", []) if c["status"] == "True"}
            if last := types.get("Complete") or types.get("Failed"):
                return {**found, "ended": last}
        return None

    found = eventually(ended, "the Job's end")
    assert found is not None
    return found


def a_job(code: int = 0, **spec: Any) -> Document:
    """A Job whose app ends with a code."""
    pod = template(container("app", ONCE, env=[{"name": "APP_CODE", "value": str(code)}]), restart="Never")
    made = workload("Job", pod)
    made["spec"] |= spec
    return made


def test_a_job_completes_although_its_sidecar_would_run_for_ever(
    new_namespace: Callable[..., Namespace], arrangement: str
) -> None:
    """And the app had a live token."""
    namespace = new_namespace(*EVERY_DAY)
    namespace.run([arrangement], a_job())
    assert job(namespace)["ended"]["type"] == "Complete"
    assert "token of alice@contoso.example live" in namespace.logs("app")


def test_a_job_fails_with_its_apps_exit_code(
    new_namespace: Callable[..., Namespace], arrangement: str
) -> None:
    """3 is what the pod's status says; the sidecar's own end does not count."""
    namespace = new_namespace(*EVERY_DAY)
    namespace.run([arrangement], a_job(3))
    assert job(namespace)["ended"]["type"] == "Failed"
    assert statuses(namespace.pod())["app"]["state"]["terminated"]["exitCode"] == 3


@pytest.mark.needs("pod-failure-policy")
@pytest.mark.parametrize("code", [77, 78])
def test_a_job_ends_at_once_when_nobody_may_sign_in(
    code: int, new_namespace: Callable[..., Namespace], arrangement: str
) -> None:
    """Declined, or a wrong setting: no retry asks again, and the Job says which container and code."""
    namespace = new_namespace("--token-life=600")
    rules = {
        "rules": [
            {
                "action": "FailJob",
                "onExitCodes": {"containerName": "entra-signin", "operator": "In", "values": [77, 78]},
            }
        ]
    }
    settings = {"SIDECAR_SCOPES": ""} if code == 78 else {}
    namespace.run([arrangement], a_job(backoffLimit=3, podFailurePolicy=rules), **settings)
    if code == 77:
        eventually(lambda: namespace.ask("GET", "codes")["user_codes"], "an open prompt")
        namespace.ask("POST", "decline")
    ended = job(namespace)["ended"]
    assert (ended["type"], ended["reason"]) == ("Failed", "PodFailurePolicy")
    assert "entra-signin" in ended["message"]
    assert str(code) in ended["message"]
    assert namespace.prompts() == (1 if code == 77 else 0)


def test_the_wait_for_a_person_ends_before_the_job_and_its_log_survives(
    new_namespace: Callable[..., Namespace], arrangement: str
) -> None:
    """SIDECAR_SIGNIN_TIMEOUT below the Job's deadline: 75, and the reason in the pod's status."""
    namespace = new_namespace("--token-life=600")
    namespace.run([arrangement], a_job(activeDeadlineSeconds=120), SIDECAR_SIGNIN_TIMEOUT="5s")
    assert job(namespace)["ended"]["reason"] == "BackoffLimitExceeded"
    ended = statuses(namespace.pod())["entra-signin"]["state"]["terminated"]
    assert ended["exitCode"] == 75
    assert "SIDECAR_SIGNIN_TIMEOUT" in ended["message"]


def test_a_cronjob_runs(new_namespace: Callable[..., Namespace], arrangement: str) -> None:
    """Its first run, within a minute, signs in and completes."""
    namespace = new_namespace(*EVERY_DAY)
    namespace.run([arrangement], workload("CronJob", template(container("app", ONCE), restart="Never")))
    assert job(namespace)["ended"]["type"] == "Complete"
    assert "token of alice@contoso.example live" in namespace.logs("app")

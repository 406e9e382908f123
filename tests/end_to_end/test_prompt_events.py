"""Prompts as Events of the pod, as processes beside a stand-in for the API server."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.kubernetes.objects import Rule
from tests.emulator import Emulator
from tests.end_to_end.pod import Pod, eventually
from tests.kubernetes_api.server import Fault, KubernetesApi

CREATE = Rule("reports", "events.k8s.io", "events", "create")


@pytest.fixture
def in_cluster(pod: Pod, kubernetes_api: KubernetesApi, tmp_path: Path) -> Pod:
    """An ordinary sidecar that knows its pod, with the one rule that it needs."""
    pod.settings |= kubernetes_api.environ
    pod.settings["SIDECAR_POD"] = "reports/nightly-x2x9z/0f0f"
    pod.settings["SIDECAR_SERVICE_ACCOUNT_DIR"] = str(kubernetes_api.account_dir(tmp_path / "account"))
    kubernetes_api.store.allowed = {CREATE}
    return pod


def told(api: KubernetesApi, reason: str) -> dict[str, Any] | None:
    """The first Event with this reason."""
    return next((event for event in api.store.events if event["reason"] == reason), None)


def test_prompt_and_who_has_signed_in_are_events_of_the_pod(
    in_cluster: Pod, entra: Emulator, kubernetes_api: KubernetesApi
) -> None:
    """With the rule alone, on the pod that asks; the device code is in neither."""
    role = in_cluster.start(
        "signin",
        SIDECAR_PROMPT_PURPOSE="nightly report",
        SIDECAR_ALLOWED_USERS="Alice@contoso.example",
    )
    prompt = role.wait_for("signin.code_issued")
    event = eventually(lambda: told(kubernetes_api, "SigninRequired"), "the Event")
    assert event["note"].startswith(
        f"Open {prompt['verification_uri']} and enter {prompt['user_code']} before "
    )
    assert f"({prompt['phrase']}). Sign in as alice@contoso.example. For: nightly report." in event["note"]
    assert (event["type"], event["regarding"]["name"], event["regarding"]["uid"]) == (
        "Warning",
        "nightly-x2x9z",
        "0f0f",
    )
    entra.approve(prompt["user_code"])
    assert role.end() == 0
    ended = told(kubernetes_api, "SigninCompleted")
    assert ended is not None
    assert (ended["type"], ended["note"]) == (
        "Normal",
        f"Signed in as alice@contoso.example. The code was {prompt['user_code']} ({prompt['phrase']}).",
    )
    assert role.records("prompt.undelivered") == []
    codes = set(entra.oauth._grants.codes)
    assert not any(code in str(kubernetes_api.store.events) for code in codes)


def test_each_code_is_an_event_of_its_own(
    in_cluster: Pod, entra: Emulator, kubernetes_api: KubernetesApi
) -> None:
    """The one that has expired is said to have, and then the next is there."""
    role = in_cluster.start("signin")
    first = role.wait_for("signin.code_issued")
    entra.clock.advance(3600)
    second = role.wait_for("signin.code_issued", 2)
    entra.approve(second["user_code"])
    assert role.end() == 0
    reasons = [event["reason"] for event in kubernetes_api.store.events]
    assert reasons == ["SigninRequired", "SigninCodeExpired", "SigninRequired", "SigninCompleted"]
    notes = [event["note"] for event in kubernetes_api.store.events]
    assert [first["user_code"] in note for note in notes] == [True, True, False, False]


def test_missing_rule_is_told_with_its_cure_and_the_sign_in_goes_on(
    in_cluster: Pod, entra: Emulator, kubernetes_api: KubernetesApi
) -> None:
    """What an administrator has to type is in the log while the prompt is open."""
    kubernetes_api.store.allowed = set()
    role = in_cluster.start("signin")
    trouble = role.wait_for("prompt.undelivered")
    assert (trouble["to"], trouble["told"], trouble["tries"]) == ("event", "signin.code_issued", 1)
    assert 'cannot create resource "events"' in trouble["cause"]
    assert "{apiGroups: [events.k8s.io], resources: [events], verbs: [create]}" in trouble["advice"]
    assert "--serviceaccount=entra:entra-shared" in trouble["advice"]
    entra.approve()
    assert role.end() == 0


def test_server_that_is_away_for_a_moment_gets_the_event_later(
    in_cluster: Pod, entra: Emulator, kubernetes_api: KubernetesApi
) -> None:
    """While the prompt is open, and without a word in the log."""
    kubernetes_api.befall(Fault("status", code=503, resource="events", times=3))
    role = in_cluster.start("signin")
    role.wait_for("signin.code_issued")
    eventually(lambda: told(kubernetes_api, "SigninRequired"), "the Event")
    entra.approve()
    assert role.end() == 0
    assert role.records("prompt.undelivered") == []


def test_server_that_hangs_keeps_nobody_from_signing_in_or_stopping(
    in_cluster: Pod, entra: Emulator, kubernetes_api: KubernetesApi
) -> None:
    """TERM ends the role as fast as ever; the sign-in waits for no Event of a minute ago."""
    kubernetes_api.befall(Fault("hang", resource="events", times=None))
    role = in_cluster.start("signin")
    role.wait_for("signin.code_issued")
    eventually(lambda: kubernetes_api.count("create", "events"), "a request")
    code, seconds = role.stop(signal.SIGTERM)
    assert (code, seconds < 5) == (143, True)
    role = in_cluster.start("signin")
    prompt = role.wait_for("signin.code_issued")
    eventually(lambda: kubernetes_api.count("create", "events") > 1, "another request")
    entra.approve(prompt["user_code"])
    started = time.monotonic()
    assert role.end() == 0
    assert time.monotonic() - started < 20
    assert role.records("prompt.undelivered")[-1]["to"] == "event"


def test_turn_that_asks_nobody_asks_no_api_server(
    in_cluster: Pod, entra: Emulator, kubernetes_api: KubernetesApi
) -> None:
    """A published token costs no request, wherever prompts would be shown."""
    entra.policy.approve_after = 0
    assert in_cluster.run("signin")[0] == 0
    asked = len(kubernetes_api.asked)
    assert in_cluster.run("signin")[0] == 0
    assert len(kubernetes_api.asked) == asked

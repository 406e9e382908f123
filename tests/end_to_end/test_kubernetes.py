"""Turns beside a Kubernetes API, as processes: what is loaded, asked, and said when it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Rule
from tests.emulator import Emulator
from tests.end_to_end.one_turn import one_turn
from tests.end_to_end.pod import Pod
from tests.kubernetes_api.server import Fault, KubernetesApi
from tests.leaks import Leaks

TOKEN, STATE = ObjectName("apps", "entra-token"), ObjectName("entra", "entra-state")


@pytest.fixture
def shared(
    pod: Pod,
    entra: Emulator,
    kubernetes_api: KubernetesApi,
    key_file: Callable[[Path], Path],
    tmp_path: Path,
) -> Pod:
    """A pod with the arrangement of k8s/shared, allowed what its Roles allow and nothing else."""
    kubernetes_api.store.add_secret(TOKEN)
    kubernetes_api.store.add_secret(STATE)
    kubernetes_api.store.add_lease(STATE)
    kubernetes_api.store.allowed = {
        Rule(name.namespace, group, resource, verb, name.name)
        for name, group, resource in (
            (TOKEN, "", "secrets"),
            (STATE, "", "secrets"),
            (STATE, "coordination.k8s.io", "leases"),
        )
        for verb in ("get", "update")
    }
    pod.settings |= {
        **kubernetes_api.environ,
        "SIDECAR_SERVICE_ACCOUNT_DIR": str(kubernetes_api.account_dir(tmp_path / "account")),
        "SIDECAR_PUBLISH_SECRET": str(TOKEN),
        "SIDECAR_STATE_SECRET": str(STATE),
        "SIDECAR_CACHE_KEY_FILE": str(key_file(tmp_path / "key")),
    }
    entra.policy.approve_after = 0
    return pod


def test_a_turn_without_these_settings_loads_no_client(signed_in: Pod, leaks: Leaks) -> None:
    """lightkube is 12 MiB at a turn's peak: whoever wants a file has none of it."""
    turn = one_turn(signed_in, leaks, "refresh", "--now", PYTHONPROFILEIMPORTTIME="1")
    assert turn.code == 0, turn.output
    assert "msal" in turn.output
    assert "lightkube" not in turn.output
    assert "httpx2" not in turn.output


def test_a_renewal_shares_publishes_and_loads_the_client(
    shared: Pod, leaks: Leaks, kubernetes_api: KubernetesApi
) -> None:
    """With the shipped rules alone; seven requests, and the Lease is free again."""
    code, output = shared.run("signin")
    assert code == 0, output
    before = kubernetes_api.store.data(TOKEN)["token"]
    kubernetes_api.asked.clear()
    turn = one_turn(shared, leaks, "refresh", "--now", PYTHONPROFILEIMPORTTIME="1")
    assert turn.code == 0, turn.output
    assert "lightkube" in turn.output
    data = kubernetes_api.store.data(TOKEN)
    assert data["token"].decode() == shared.token()
    assert data["token"] != before
    assert (shared.private / "cache").read_bytes() in kubernetes_api.store.data(STATE).values()
    assert kubernetes_api.store.raw("leases", STATE)["spec"]["holderIdentity"] == ""
    assert len(kubernetes_api.asked) <= 7
    assert {asked.code for asked in kubernetes_api.asked} == {200}


def test_secrets_that_are_published_to_no_more_are_told_of_no_more(shared: Pod, leaks: Leaks) -> None:
    """Whoever goes back to a sidecar in each pod would see them fail for ever."""
    assert shared.run("signin")[0] == 0
    assert str(TOKEN) in shared.run("status", "--json")[1]
    shared.settings = {
        name: text for name, text in shared.settings.items() if name != "SIDECAR_PUBLISH_SECRET"
    }
    assert one_turn(shared, leaks, "refresh").code == 0
    assert str(TOKEN) not in shared.run("status", "--json")[1]


def test_a_second_replica_signs_in_from_what_is_shared(
    shared: Pod, entra: Emulator, new_pod: Callable[..., Pod]
) -> None:
    """Another node, empty directories: no prompt and no request to Entra."""
    code, output = shared.run("signin")
    assert code == 0, output
    asked = entra.count("token")
    directories = ("SIDECAR_TOKEN_DIR", "SIDECAR_STATE_DIR")
    second = new_pod(**{name: text for name, text in shared.settings.items() if name not in directories})
    code, output = second.run("signin", SIDECAR_ON_SIGNIN_REQUIRED="exit")
    assert code == 0, output
    assert second.token() == shared.token()
    assert entra.count("token") == asked


def test_without_the_api_what_is_cached_is_published_and_nothing_is_asked(
    shared: Pod, leaks: Leaks, entra: Emulator, kubernetes_api: KubernetesApi
) -> None:
    """75 and the cause in the log; no refresh token is used while nobody can say whose turn it is."""
    code, output = shared.run("signin")
    assert code == 0, output
    (shared.tokens / "..data").unlink()
    asked = entra.count("token")
    kubernetes_api.stop()
    turn = one_turn(shared, leaks, "refresh", "--now")
    assert turn.code == 75, turn.output
    assert shared.token()
    assert entra.count("token") == asked
    kubernetes_api.start()
    turn = one_turn(shared, leaks, "refresh", "--now")
    assert turn.code == 0, turn.output
    assert entra.count("token") == asked + 1
    assert (shared.private / "cache").read_bytes() in kubernetes_api.store.data(STATE).values()


def test_term_at_an_open_prompt_waits_for_no_api_server_that_hangs(
    shared: Pod, entra: Emulator, kubernetes_api: KubernetesApi
) -> None:
    """The Lease is let go if that takes half a second; else it is over by itself a minute later."""
    entra.policy.approve_after = None
    shared.settings |= {"SIDECAR_POD": "entra/entra-shared-0/12-34"}
    loop = shared.start("refresh")
    loop.wait_for("signin.code_issued")
    kubernetes_api.befall(Fault("hang", times=None))
    code, seconds = loop.stop()
    assert code == 0, loop.output
    assert seconds < 4, loop.output


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"KUBERNETES_SERVICE_HOST": ""}, "KUBERNETES_SERVICE_HOST"),
        ({"KUBERNETES_SERVICE_PORT": "tcp://10.0.0.1:443"}, "KUBERNETES_SERVICE_PORT"),
    ],
)
def test_what_is_no_pod_is_told_at_once(
    shared: Pod, leaks: Leaks, entra: Emulator, settings: dict[str, str], said: str
) -> None:
    """78 before anybody is asked."""
    turn = one_turn(shared, leaks, "refresh", **settings)
    assert turn.code == 78, turn.output
    assert said in turn.output
    assert entra.count("devicecode") == 0

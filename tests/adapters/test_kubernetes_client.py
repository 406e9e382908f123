"""The client for the Kubernetes API: what it writes, and what it leaves alone."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.adapters.kubernetes import LightkubeApi
from sidecar.core.kubernetes.names import ObjectName, Pod
from sidecar.core.kubernetes.objects import EventNote, Rule
from sidecar.errors import ClusterConflict
from tests.kubernetes_api.server import Fault, KubernetesApi

TOKEN, STATE = ObjectName("apps", "entra-token"), ObjectName("entra", "entra-state")
POD = Pod("entra", "entra-shared-0", "0b1c2d3e")


@pytest.fixture
def account(kubernetes_api: KubernetesApi, tmp_path: Path) -> Path:
    """A mounted ServiceAccount."""
    return kubernetes_api.account_dir(tmp_path / "account")


@pytest.fixture
def client(kubernetes_api: KubernetesApi, account: Path) -> LightkubeApi:
    """A client that does not wait between tries."""
    return LightkubeApi(server=kubernetes_api.url, account_dir=account, sleep=lambda _seconds: None)


def test_a_secret_is_replaced_and_keeps_what_is_not_ours(
    kubernetes_api: KubernetesApi, client: LightkubeApi
) -> None:
    """Owners, finalizers, the type, and fields that no client of today knows outlive a write."""
    owners = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "release", "uid": "1"}]
    kubernetes_api.store.add_secret(TOKEN, kind="example.com/token", old=b"gone")
    kubernetes_api.store.edit(
        "secrets",
        TOKEN,
        metadata={"ownerReferences": owners, "finalizers": ["example.com/keep"], "ofTomorrow": 1},
        immutable=False,
        ofTomorrow={"a": [1]},
    )
    read = client.secret(TOKEN)
    assert read.data == {"old": b"gone"}
    changed = replace(read, data={"token": b"\0new"}, labels={"a": "b"}, annotations={"c": "d"})
    written = client.replace_secret(changed)
    assert written == replace(changed, version=written.version)
    assert written.version != read.version
    raw = kubernetes_api.store.raw("secrets", TOKEN)
    assert kubernetes_api.store.data(TOKEN) == {"token": b"\0new"}
    assert (raw["type"], raw["immutable"], raw["ofTomorrow"]) == ("example.com/token", False, {"a": [1]})
    metadata = raw["metadata"]
    assert (metadata["ownerReferences"], metadata["finalizers"], metadata["ofTomorrow"]) == (
        owners,
        ["example.com/keep"],
        1,
    )
    assert kubernetes_api.asked[-1].field_manager == "entra-token-sidecar"


def test_nobody_elses_write_is_overwritten(
    kubernetes_api: KubernetesApi, client: LightkubeApi, account: Path
) -> None:
    """Each write carries the version that was read; without having read in this turn, too."""
    kubernetes_api.store.add_secret(TOKEN)
    read = client.secret(TOKEN)
    kubernetes_api.store.edit("secrets", TOKEN, data={"theirs": "eA=="})
    with pytest.raises(ClusterConflict):
        client.replace_secret(replace(read, data={"token": b"ours"}))
    with pytest.raises(ClusterConflict):
        LightkubeApi(server=kubernetes_api.url, account_dir=account).replace_secret(read)
    client.secret(TOKEN)
    with pytest.raises(ClusterConflict):
        client.replace_secret(read)
    assert kubernetes_api.store.data(TOKEN) == {"theirs": b"x"}


def test_a_lease_is_taken_and_let_go(kubernetes_api: KubernetesApi, client: LightkubeApi) -> None:
    """Times go over the wire with microseconds, or the server refuses them; nobody is no name."""
    kubernetes_api.store.add_lease(STATE)
    free = client.lease(STATE)
    assert (free.holder, free.renewed_on) == (None, None)
    now = round(time.time(), 6)
    ours = replace(free, holder="pod-0", duration_seconds=40, acquired_on=now, renewed_on=now, transitions=1)
    taken = client.replace_lease(replace(ours, annotations={"serial": "3"}))
    assert taken == replace(ours, annotations={"serial": "3"}, version=taken.version)
    with pytest.raises(ClusterConflict):
        client.replace_lease(ours)
    let_go = client.replace_lease(replace(taken, holder=None, duration_seconds=0))
    assert let_go.holder is None
    assert kubernetes_api.store.raw("leases", STATE)["spec"]["holderIdentity"] == ""


def test_an_event_is_about_the_pod_and_never_too_long(
    kubernetes_api: KubernetesApi, client: LightkubeApi
) -> None:
    """`kubectl describe pod` finds it by the uid; a note is cut at whole letters; each is a new one."""
    for _ in range(2):
        client.create_event(EventNote(POD, "SigninRequired", "ü" * 600, warning=True))
    first, second = kubernetes_api.store.events
    assert first["metadata"]["name"] != second["metadata"]["name"]
    assert first["regarding"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": "entra",
        "name": "entra-shared-0",
        "uid": "0b1c2d3e",
    }
    assert (first["note"], first["type"], first["reason"]) == ("ü" * 512, "Warning", "SigninRequired")


def test_a_pod_with_a_long_name_has_events(kubernetes_api: KubernetesApi, client: LightkubeApi) -> None:
    """Names end at 253 letters."""
    client.create_event(EventNote(replace(POD, name="p" * 253), "SigninRequired", "note"))
    assert len(kubernetes_api.store.events) == 1


def test_what_is_allowed_is_asked(kubernetes_api: KubernetesApi, client: LightkubeApi) -> None:
    """As `kubectl auth can-i`, and without changing anything."""
    allowed = Rule("apps", "", "secrets", "update", "entra-token")
    kubernetes_api.store.allowed = {allowed}
    assert client.may(allowed)
    assert not client.may(replace(allowed, name="other"))
    assert not client.may(replace(allowed, verb="create", name=None))


def test_a_lost_answer_is_no_conflict(kubernetes_api: KubernetesApi, client: LightkubeApi) -> None:
    """The write had arrived: its second try meets itself, for a Secret, a Lease and an Event."""
    kubernetes_api.store.add_secret(TOKEN)
    kubernetes_api.store.add_lease(STATE)
    secret, lease = client.secret(TOKEN), client.lease(STATE)
    kubernetes_api.befall(Fault("lost", times=1))
    assert client.replace_secret(replace(secret, data={"token": b"once"})).data == {"token": b"once"}
    kubernetes_api.befall(Fault("lost", times=1))
    assert client.replace_lease(replace(lease, holder="pod-0", renewed_on=1.5)).holder == "pod-0"
    kubernetes_api.befall(Fault("lost", times=1))
    client.create_event(EventNote(POD, "SigninRequired", "note"))
    assert len(kubernetes_api.store.events) == 1
    assert kubernetes_api.count("update", "secrets") == 2


def test_a_lost_answer_hides_no_other_write(
    kubernetes_api: KubernetesApi, client: LightkubeApi, account: Path
) -> None:
    """Somebody else came between the two tries: that is a conflict."""
    kubernetes_api.store.add_secret(TOKEN)
    read = client.secret(TOKEN)

    def meanwhile(_seconds: float) -> None:
        kubernetes_api.store.edit("secrets", TOKEN, data={"theirs": "eA=="})

    client = LightkubeApi(server=kubernetes_api.url, account_dir=account, sleep=meanwhile)
    kubernetes_api.befall(Fault("lost", verb="update"))
    with pytest.raises(ClusterConflict):
        client.replace_secret(replace(read, data={"token": b"ours"}))


def test_the_renewed_token_of_the_account_is_used(
    kubernetes_api: KubernetesApi, client: LightkubeApi, account: Path
) -> None:
    """The kubelet renews it every hour, and a turn with an open prompt lasts longer."""
    kubernetes_api.store.add_secret(TOKEN)
    client.secret(TOKEN)
    kubernetes_api.rotate_token(account, revoke=True)
    assert client.secret(TOKEN).name == TOKEN


def test_a_turn_has_one_connection(kubernetes_api: KubernetesApi, client: LightkubeApi) -> None:
    """A handshake for every request would cost more than the requests."""
    kubernetes_api.store.add_secret(TOKEN)
    read = client.secret(TOKEN)
    for number in range(3):
        read = client.replace_secret(replace(read, data={"n": b"%d" % number}))
    assert kubernetes_api.connections == 1
    client.close()


def test_no_proxy_and_no_other_configuration_is_followed(
    kubernetes_api: KubernetesApi, client: LightkubeApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A ServiceAccount's token goes to the API server, whatever the environment says for others."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("clusters: []\ncontexts: []\n")
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing"))
    kubernetes_api.store.add_secret(TOKEN)
    assert client.secret(TOKEN).name == TOKEN

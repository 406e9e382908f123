"""What the components add, what they keep, and what a user's own kustomization may do beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.arrangements import WORKLOADS, YEAR_SECONDS, Manifest
from tests.manifests.builds import ARRANGEMENTS, kustomization
from tests.manifests.users_apps import BARE_POD, POD, five_kinds, workload
from tests.manifests.workloads import OURS, container, containers, of_kind, pods

TOKEN = {"name": "entra-token", "mountPath": "/var/run/secrets/entra"}
# A patch of the user's own after the component: kustomize 5.5 then makes texts of untyped booleans.
PATCH = {
    "target": {"kind": "Deployment"},
    "patch": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: deployment}\n"
    "spec: {template: {spec: {containers: [{name: web, env: [{name: B, value: b}]}]}}}",
}


def only_pod(manifests: list[Manifest]) -> Manifest:
    """Of a build of one workload."""
    (pod,) = pods(manifests)
    return pod


def names(pod: Manifest, place: str) -> list[str]:
    """Of the containers in that list, in order."""
    return [one["name"] for one in pod.get(place, [])]


@pytest.mark.parametrize(
    ("arrangement", "kind", "inits", "beside"),
    [
        *(("component", kind, ["entra-signin", "entra-sidecar", "prepare"], []) for kind in WORKLOADS),
        *(("single", kind, ["entra-sidecar", "prepare"], []) for kind in WORKLOADS),
        *(("classic", kind, ["entra-signin", "prepare"], ["entra-sidecar"]) for kind in WORKLOADS[:3]),
        # Else such a Job would never complete.
        *(("classic", kind, ["entra-signin", "prepare"], []) for kind in WORKLOADS[3:]),
    ],
)
def test_containers_come_in_the_order_that_gives_the_users_own_a_token(
    tmp_path: Path, arrangement: str, kind: str, inits: list[str], beside: list[str]
) -> None:
    """Ours before the user's init containers; among ordinary containers last, for `kubectl logs`."""
    pod = only_pod(kustomization(tmp_path, [workload(kind)], arrangement))
    assert names(pod, "initContainers") == inits
    assert names(pod, "containers") == ["web", "worker", *beside]


@pytest.mark.parametrize("more", [[], ["pvc", "network-policy"]], ids=["alone", "with additions"])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_every_container_mounts_the_tokens_and_only_ours_may_write(
    tmp_path: Path, arrangement: str, more: list[str]
) -> None:
    """Whatever their names, init containers too, and a later patch of the user's changes no type."""
    built = kustomization(tmp_path, five_kinds(), arrangement, *more, patches=[PATCH])
    for pod in pods(built):
        for one in containers(pod):
            mounts = [mount for mount in one["volumeMounts"] if mount["name"] == "entra-token"]
            assert mounts == [TOKEN if one["name"] in OURS else TOKEN | {"readOnly": True}]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_app_never_mounts_what_is_private(tmp_path: Path, arrangement: str) -> None:
    """The boundary is the mount: state, key and the empty directory are in our containers only."""
    for pod in pods(kustomization(tmp_path, five_kinds(), arrangement, "pvc")):
        for one in containers(pod):
            private = {mount["name"] for mount in one["volumeMounts"]} - {"entra-token", "data"}
            expected = {"entra-state", "entra-config", "entra-no-api-token"}
            assert private == (expected if one["name"] in OURS else set())


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_everything_of_the_users_is_kept(tmp_path: Path, arrangement: str) -> None:
    """Init containers, environment, mounts, volumes, groups, fsGroup and user."""
    for pod in pods(kustomization(tmp_path, five_kinds(), arrangement)):
        assert pod["securityContext"] == POD["securityContext"] | {"supplementalGroups": [3000, 65532]}
        assert POD["volumes"][0] in pod["volumes"]
        for own in containers(POD):
            found = container(pod, own["name"])
            kept = [mount for mount in found.pop("volumeMounts") if mount["name"] != "entra-token"]
            assert kept == own.get("volumeMounts", [])
            assert found == {field: value for field, value in own.items() if field != "volumeMounts"}


def test_group_that_the_user_has_already_is_not_repeated(tmp_path: Path) -> None:
    """It stays where it is in the list."""
    groups = {"securityContext": {"supplementalGroups": [65532, 3000]}}
    pod = only_pod(kustomization(tmp_path, [workload("Deployment", BARE_POD | groups)], "component"))
    assert pod["securityContext"] == groups["securityContext"]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_bare_app_gets_all_that_it_lacks(tmp_path: Path, arrangement: str) -> None:
    """No init containers, volumes, mounts or groups to begin with."""
    for pod in pods(kustomization(tmp_path, five_kinds(BARE_POD), arrangement)):
        assert pod["securityContext"] == {"supplementalGroups": [65532]}
        assert container(pod, "only")["volumeMounts"] == [TOKEN | {"readOnly": True}]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_nothing_but_pods_is_changed(tmp_path: Path, arrangement: str) -> None:
    """No resource of the component's own reaches the cluster, and nobody's ServiceAccount is touched."""
    built = kustomization(tmp_path, five_kinds(), arrangement)
    assert sorted(one["kind"] for one in built) == sorted(WORKLOADS)
    assert all("automountServiceAccountToken" not in pod for pod in pods(built))
    assert all("serviceAccountName" not in pod for pod in pods(built))


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_common_transformations_reach_the_sidecar(tmp_path: Path, arrangement: str) -> None:
    """Prefix, namespace, image, and the names of generated settings, keys and authorities."""
    built = kustomization(
        tmp_path,
        five_kinds(),
        arrangement,
        "pvc",
        namePrefix="my-",
        namespace="ours",
        images=[{"name": "entra-token-sidecar", "newName": "example/sidecar", "newTag": "9"}],
        configMapGenerator=[
            {"name": "entra-sidecar", "literals": ["SIDECAR_SCOPES=a"]},
            {"name": "entra-sidecar-ca", "literals": ["ca.pem=a"]},
        ],
        secretGenerator=[{"name": "entra-sidecar-key", "literals": ["key=a"]}],
    )
    assert all(one["metadata"]["namespace"] == "ours" for one in built)
    made = {one["metadata"]["name"] for one in built if one["kind"] in ("ConfigMap", "Secret")}
    claim = of_kind(built, "PersistentVolumeClaim")["metadata"]["name"]
    assert claim == "my-entra-sidecar-state"
    for pod in pods(built):
        ours = [one for one in containers(pod) if one["name"] in OURS]
        assert {one["image"] for one in ours} == {"example/sidecar:9"}
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        key, ca = volumes["entra-config"]["projected"]["sources"]
        settings = {source["configMapRef"]["name"] for one in ours for source in one["envFrom"]}
        assert settings | {key["secret"]["name"], ca["configMap"]["name"]} == made
        assert volumes["entra-state"]["persistentVolumeClaim"] == {"claimName": claim}


def test_settings_and_key_made_by_hand_are_found(tmp_path: Path) -> None:
    """What `kubectl create` made has no prefix and no suffix, and is named so."""
    pod = only_pod(kustomization(tmp_path, [workload("Deployment")], "component", namePrefix="my-"))
    assert container(pod, "entra-signin")["envFrom"] == [{"configMapRef": {"name": "entra-sidecar"}}]
    sources = next(volume for volume in pod["volumes"] if volume["name"] == "entra-config")["projected"]
    assert sources["sources"][0]["secret"]["name"] == "entra-sidecar-key"


@pytest.mark.parametrize("kind", WORKLOADS)
def test_claim_replaces_the_state_and_makes_it_writable(tmp_path: Path, kind: str) -> None:
    """With a group that may write, whose modes are set once and not at every start."""
    pod = only_pod(
        [
            one
            for one in kustomization(tmp_path, [workload(kind, BARE_POD)], "component", "pvc")
            if one["kind"] == kind
        ]
    )
    state = next(volume for volume in pod["volumes"] if volume["name"] == "entra-state")
    assert state == {
        "name": "entra-state",
        "persistentVolumeClaim": {"claimName": "entra-sidecar-state"},
    }
    assert pod["securityContext"] == {
        "fsGroup": 65532,
        "fsGroupChangePolicy": "OnRootMismatch",
        "supplementalGroups": [65532],
    }


@pytest.mark.parametrize("kind", WORKLOADS)
def test_own_fs_group_is_kept_where_the_annotation_says_so(tmp_path: Path, kind: str) -> None:
    """Another group would have the kubelet change the owner of the user's own volumes."""
    app = workload(kind)
    app["metadata"]["annotations"] = {"entra-sidecar/fs-group": "own"}
    (pod,) = pods(kustomization(tmp_path, [app], "component", "pvc"))
    assert pod["securityContext"]["fsGroup"] == 2000


@pytest.mark.parametrize("arrangement", ["component", "single"])
def test_waiting_for_a_person_never_kills_the_sidecar(tmp_path: Path, arrangement: str) -> None:
    """The startup probe may fail for a year; how often it asks fits how long it is waited for."""
    pod = only_pod(kustomization(tmp_path, [workload("Deployment")], arrangement))
    probe = container(pod, "entra-sidecar")["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == YEAR_SECONDS
    assert 2 <= probe["periodSeconds"] <= 5


def test_network_policy_selects_the_pods_and_names_their_ports(tmp_path: Path) -> None:
    """Nothing in; DNS and HTTPS out."""
    built = kustomization(tmp_path, five_kinds(), "component", "network-policy")
    policy = of_kind(built, "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == []
    assert [port["port"] for rule in policy["egress"] for port in rule["ports"]] == [53, 53, 443]
    for one in built:
        if one["kind"] in WORKLOADS:
            spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
            assert (
                policy["podSelector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
            )


def test_two_arrangements_at_once_are_refused(tmp_path: Path) -> None:
    """One pod cannot be signed in twice; kustomize says which name is there already."""
    with pytest.raises(AssertionError, match="entra-sidecar-values"):
        kustomization(tmp_path, five_kinds(), "component", "single")

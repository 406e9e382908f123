"""k8s/shared against the code: what the workload may do, is told and mounts, and what apps are given."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.kubernetes.names import Pod
from sidecar.core.kubernetes.rules import Grant, grants, rules_needed
from sidecar.declarations import SETTINGS
from sidecar.settings import Settings, read_settings
from tests.manifests.arrangements import K8S, Manifest, pod_spec, single
from tests.manifests.builds import build, example, kustomization
from tests.manifests.pod_security import violations
from tests.manifests.schemas import mistakes, since
from tests.manifests.workloads import container, of_kind, pod_template

# unhealthyPodEvictionPolicy of a PodDisruptionBudget is on by default since then.
OLDEST = "1.27"
FOLDERS = ("shared", "shared/namespace", "shared/app")
NAMESPACE = "entra"
POD = {"POD_NAMESPACE": NAMESPACE, "POD_NAME": "entra-shared-7d4b-x2k", "POD_UID": "0c9b1f6e-77aa"}
DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


@cache
def built(folder: str) -> tuple[Manifest, ...]:
    """One of `FOLDERS`; not to be changed."""
    return tuple(build(K8S / folder))


def named(manifests: list[Manifest] | tuple[Manifest, ...], kind: str, name: str) -> Manifest:
    """The one manifest of that kind and name."""
    (found,) = [one for one in manifests if one["kind"] == kind and one["metadata"]["name"] == name]
    return found


def shared_pod() -> Manifest:
    """Of the workload."""
    spec: Manifest = named(built("shared"), "Deployment", "entra-shared")["spec"]["template"]["spec"]
    return spec


def app_pod() -> Manifest:
    """Of the example app."""
    spec: Manifest = named(built("shared/app"), "Deployment", "app")["spec"]["template"]["spec"]
    return spec


def told() -> Settings:
    """What the workload's container is told in the example, with the Downward API's part filled in."""
    values = dict(of_kind(example("shared"), "ConfigMap")["data"])
    for entry in container(shared_pod(), "entra-sidecar")["env"]:
        if entry["name"].startswith("SIDECAR_"):
            values[entry["name"]] = re.sub(r"\$\((\w+)\)", lambda found: POD[found[1]], entry["value"])
    return read_settings(values, {})


def allowed(role: Manifest) -> set[Grant]:
    """A Role's rules, one for each name."""
    return {
        Grant(NAMESPACE, group, resource, name, tuple(rule["verbs"]))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [None])
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_shared_is_accepted_by_every_version_it_is_for(folder: str) -> None:
    """Field by field; no native sidecar is needed."""
    for version in since(OLDEST):
        assert [said for one in built(folder) for said in mistakes(one, version)] == [], version


@pytest.mark.parametrize("folder", ["shared", "shared/app"])
def test_pods_of_shared_pass_restricted(folder: str) -> None:
    """The workload's and the app's."""
    (template,) = [found for one in built(folder) if (found := pod_template(one))]
    assert violations(template) == []


def test_workload_is_told_who_it_is_and_where_its_state_goes() -> None:
    """By the code that reads it; the state is its own namespace's."""
    settings = told()
    assert str(settings.state_secret) == f"{NAMESPACE}/entra-state"
    assert [str(name) for name in settings.publish_secret] == [f"{NAMESPACE}/entra-token"]
    assert settings.pod == Pod(*POD.values())
    assert settings.cache_key_file == Path("/etc/entra-sidecar/key")


def test_downward_api_is_named_before_it_is_used() -> None:
    """Kubernetes puts in only what is named before (docs, "Define Dependent Environment Variables")."""
    entries = container(shared_pod(), "entra-sidecar")["env"]
    fields = {
        entry["name"]: entry["valueFrom"]["fieldRef"]["fieldPath"]
        for entry in entries
        if "valueFrom" in entry
    }
    assert fields == {
        "POD_NAMESPACE": "metadata.namespace",
        "POD_NAME": "metadata.name",
        "POD_UID": "metadata.uid",
    }
    seen: set[str] = set()
    for entry in entries:
        assert set(re.findall(r"\$\((\w+)\)", entry.get("value", ""))) <= seen
        seen.add(entry["name"])


def test_role_allows_what_the_code_needs_and_nothing_else() -> None:
    """The list that `doctor` asks about; `create` for Events alone, and no list, watch, patch or delete."""
    settings = told()
    needed = rules_needed(publish=settings.publish_secret, state=settings.state_secret, pod=settings.pod)
    assert allowed(named(built("shared"), "Role", "entra-shared")) == set(grants(needed))


def test_role_in_a_further_namespace_is_for_its_secret_alone() -> None:
    """And goes to the workload's account in the namespace that the guide names."""
    needed = rules_needed(publish=told().publish_secret, state=None, pod=None)
    further = built("shared/namespace")
    assert allowed(named(further, "Role", "entra-token")) == set(grants(needed))
    assert named(further, "RoleBinding", "entra-token")["subjects"] == [
        {"kind": "ServiceAccount", "name": "entra-shared", "namespace": NAMESPACE}
    ]


def test_binding_follows_the_namespace_of_the_users_choice(tmp_path: Path) -> None:
    """kustomize fills in the account's."""
    made = kustomization(tmp_path, [], resources=[relative(tmp_path, "shared")], namespace="elsewhere")
    binding = named(made, "RoleBinding", "entra-shared")
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "entra-shared", "namespace": "elsewhere"}
    ]


def relative(folder: Path, name: str) -> str:
    """Of a folder of k8s/; kustomize takes no absolute path."""
    return os.path.relpath((K8S / name).resolve(), folder.resolve())


def test_no_cluster_role_and_no_right_for_apps() -> None:
    """All is namespaced, and the app's account is bound to nothing."""
    everything = [one for folder in FOLDERS for one in built(folder)]
    assert not [one for one in everything if one["kind"].startswith("Cluster")]
    subjects = [s["name"] for one in everything if one["kind"] == "RoleBinding" for s in one["subjects"]]
    assert set(subjects) == {"entra-shared"}


def test_secrets_and_lease_are_made_without_content() -> None:
    """Applied again they would take it away; their names are those that the settings name."""
    for one in [*built("shared"), *built("shared/namespace")]:
        if one["kind"] in ("Secret", "Lease"):
            assert not {"data", "stringData", "spec"} & set(one)
    assert {one["metadata"]["name"] for one in built("shared") if one["kind"] == "Secret"} == {
        "entra-state",
        "entra-token",
    }
    named(built("shared"), "Lease", "entra-state")


def test_accounts_token_is_in_our_container_alone() -> None:
    """Mounted where the setting's default looks, with both files; automount is off for pod and account."""
    for pod, manifests in ((shared_pod(), built("shared")), (app_pod(), built("shared/app"))):
        assert pod["automountServiceAccountToken"] is False
        assert of_kind(manifests, "ServiceAccount")["automountServiceAccountToken"] is False
        assert pod["serviceAccountName"] == of_kind(manifests, "ServiceAccount")["metadata"]["name"]
    (sidecar,) = shared_pod()["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in sidecar["volumeMounts"]}
    assert mounts["api-token"] == DEFAULTS["SIDECAR_SERVICE_ACCOUNT_DIR"]
    (volume,) = [one["projected"] for one in shared_pod()["volumes"] if one["name"] == "api-token"]
    token, ca = volume["sources"]
    assert token["serviceAccountToken"]["path"] == "token"
    assert [item["path"] for item in ca["configMap"]["items"]] == ["ca.crt"]


def test_workload_is_the_single_sidecar_in_a_pod_of_its_own() -> None:
    """Probes, requests, role and mounts of k8s/single; what differs is named here."""
    (of_single,) = pod_spec(single())["initContainers"]
    (found,) = shared_pod()["containers"]
    differs = {"image", "env", "securityContext", "volumeMounts", "restartPolicy"}
    assert {key: value for key, value in found.items() if key not in differs} == {
        key: value for key, value in of_single.items() if key not in differs
    }
    assert found["image"] == f"{of_single['image']}-kubernetes"
    assert {**shared_pod()["securityContext"], **found["securityContext"]} == of_single["securityContext"]
    ours: dict[str, Any] = {volume["name"]: volume for volume in shared_pod()["volumes"]}
    for volume in pod_spec(single())["volumes"]:
        if volume["name"] != "entra-no-api-token":
            assert ours[volume["name"]] == volume


def test_selectors_find_the_workloads_pods() -> None:
    """Deployment, budget, policy and spread."""
    manifests = built("shared")
    deployment = named(manifests, "Deployment", "entra-shared")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    (spread,) = shared_pod()["topologySpreadConstraints"]
    for selector in (
        deployment["selector"],
        of_kind(manifests, "PodDisruptionBudget")["spec"]["selector"],
        of_kind(manifests, "NetworkPolicy")["spec"]["podSelector"],
        spread["labelSelector"],
    ):
        assert selector["matchLabels"] == labels


def test_app_mounts_whole_files_of_its_secret_and_nothing_of_ours() -> None:
    """By the keys that are published, read-only, never by `subPath`, and never `optional`: see the guide."""
    (volume,) = [one for one in app_pod()["volumes"] if "secret" in one]
    assert volume["secret"]["secretName"] == "entra-token"
    assert {item["key"]: item["path"] for item in volume["secret"]["items"]} == {
        name: name for name in ("token", "token.json", "expires_on")
    }
    assert "optional" not in volume["secret"]
    (app,) = app_pod()["containers"]
    assert app["volumeMounts"] == [
        {"name": volume["name"], "mountPath": DEFAULTS["SIDECAR_TOKEN_DIR"], "readOnly": True}
    ]

"""k8s/serve: the optional role in the pod, beside whatever the arrangement added."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sidecar.command_line import ROLES
from sidecar.serve.fetching import END_SECONDS
from sidecar.setting_groups import GROUPS
from sidecar.settings import read_settings
from tests.manifests.arrangements import K8S, WORKLOADS, Manifest
from tests.manifests.builds import kustomization
from tests.manifests.pod_security import violations
from tests.manifests.schemas import mistakes, since
from tests.manifests.users_apps import BARE_POD, five_kinds, workload
from tests.manifests.workloads import OURS, container, containers, pod_template, pods

ARRANGEMENTS = ("component", "single")
"""Those for clusters that know native sidecars."""


def serving(tmp_path: Path, arrangement: str = "component", *more: str) -> list[Manifest]:
    """All five kinds with it."""
    return kustomization(tmp_path, five_kinds(), arrangement, *more, "serve")


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("kind", WORKLOADS)
def test_it_starts_before_the_prompt_that_its_page_shows(tmp_path: Path, arrangement: str, kind: str) -> None:
    """First, and as a native sidecar: nothing waits for its end, and a Job completes."""
    (pod,) = pods(kustomization(tmp_path, [workload(kind)], arrangement, "serve"))
    names = [one["name"] for one in pod["initContainers"]]
    assert names[0] == "entra-serve"
    assert names[1:] == [*OURS[-1 if arrangement == "single" else 0 :], "prepare"]
    assert container(pod, "entra-serve")["restartPolicy"] == "Always"
    assert container(pod, "entra-serve")["args"][0] in ROLES


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_it_reads_and_has_no_key(tmp_path: Path, arrangement: str) -> None:
    """Tokens and state read-only, its own secret, no ServiceAccount; and the app gains nothing."""
    without = pods(kustomization(tmp_path, five_kinds(), arrangement))
    for pod, before in zip(pods(serving(tmp_path, arrangement)), without, strict=True):
        mounts = {mount["name"]: mount["readOnly"] for mount in container(pod, "entra-serve")["volumeMounts"]}
        assert mounts == dict.fromkeys(
            ("entra-token", "entra-state", "entra-serve-secret", "entra-no-api-token"), True
        )
        names = {volume["name"] for volume in pod["volumes"]}
        assert mounts.keys() <= names
        others = [one for one in containers(pod) if one["name"] != "entra-serve"]
        assert others == list(containers(before))


def test_the_secret_is_where_a_setting_can_name_it_and_may_be_missing(tmp_path: Path) -> None:
    """Who only wants health and the page needs none; a missing one that is named is 78 in the log."""
    (pod,) = pods(kustomization(tmp_path, [workload("Deployment", BARE_POD)], "component", "serve"))
    (secret,) = [one["secret"] for one in pod["volumes"] if one["name"] == "entra-serve-secret"]
    assert secret["optional"] is True
    mount = next(
        one for one in container(pod, "entra-serve")["volumeMounts"] if one["name"] == "entra-serve-secret"
    )
    path = f"{mount['mountPath']}/{secret['items'][0]['path']}"
    settings = read_settings({"SIDECAR_SERVE_SECRET_FILE": path}, {}, serves=True)
    assert str(settings.serve_secret_file) == path
    assert settings.serve_address == ("127.0.0.1", 8484)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_on_demand_it_has_what_a_renewal_needs_and_no_more(tmp_path: Path, arrangement: str) -> None:
    """k8s/on-demand: the key, both volumes to write to, the same settings; nobody else is changed by it."""
    without = serving(tmp_path, arrangement)
    for pod, before in zip(
        pods(kustomization(tmp_path, five_kinds(), arrangement, "serve", "on-demand")),
        pods(without),
        strict=True,
    ):
        serve, sidecar = container(pod, "entra-serve"), container(pod, "entra-sidecar")
        writable = {one["name"] for one in serve["volumeMounts"] if not one.get("readOnly")}
        assert writable == {"entra-token", "entra-state"}
        assert serve["envFrom"] == sidecar["envFrom"]
        (key,) = [one for one in sidecar["env"] if one["name"] == "SIDECAR_CACHE_KEY_FILE"]
        assert serve["env"] == [key]
        others = [one for one in containers(pod) if one["name"] != "entra-serve"]
        assert others == [one for one in containers(before) if one["name"] != "entra-serve"]


def test_in_compose_it_knows_what_was_ordered() -> None:
    """So that it tells an app what is only late (503) from what nobody configured (400)."""
    stack = yaml.safe_load((K8S.parent / "compose" / "stack.yml").read_text())
    ordered = {"SIDECAR_SCOPES", "SIDECAR_TOKENS", "SIDECAR_OIDC_AUTHORITY"}
    assert ordered <= stack["services"]["serve"]["environment"].keys()
    assert ordered <= stack["x-role"]["environment"].keys()


def test_on_demand_in_compose_is_given_the_time_and_the_settings_of_the_loop() -> None:
    """A turn for another app or tenant is refused, and a refresh token that was sent has to be saved."""
    folder = K8S.parent / "compose"
    (service,) = yaml.safe_load((folder / "on-demand.yml").read_text())["services"].values()
    role = yaml.safe_load((folder / "stack.yml").read_text())["x-role"]
    loop = role["environment"].keys()
    assert service["stop_grace_period"] == role["stop_grace_period"]
    assert int(service["stop_grace_period"].removesuffix("s")) > END_SECONDS
    groups = ("tenant, app and who may sign in", "tokens", "directories")
    decisive = {name for group in groups for name in GROUPS[group]} & loop
    assert {*decisive, "SIDECAR_ON_DEMAND"} - service["environment"].keys() == {"SIDECAR_OIDC_AUTHORITY"}
    assert service["environment"].keys() <= loop


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_it_passes_restricted_and_every_schema(tmp_path: Path, arrangement: str) -> None:
    """Pod Security, and the versions from native sidecars on."""
    more = ("pvc", "network-policy", "serve", "on-demand")
    built = kustomization(tmp_path, five_kinds(), arrangement, *more)
    said = [
        each for manifest in built if (template := pod_template(manifest)) for each in violations(template)
    ]
    assert [each for each in said if each.startswith("entra-")] == []
    for version in since("1.29"):
        assert [wrong for manifest in built for wrong in mistakes(manifest, version)] == []

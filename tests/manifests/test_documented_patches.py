"""The patches that the documentation shows, put to work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from sidecar.core.kubernetes.names import Pod
from sidecar.core.kubernetes.rules import as_yaml, grants, rules_needed
from tests.manifests.arrangements import K8S
from tests.manifests.builds import kustomization
from tests.manifests.users_apps import POD, workload
from tests.manifests.workloads import container, pods


@pytest.mark.parametrize(
    ("page", "setting"),
    [("formats.md", "SIDECAR_TEMPLATE_DIR"), ("settings-file.md", "SIDECAR_SETTINGS_FILE")],
)
def test_config_map_is_mounted_in_both_roles_and_nothing_is_lost(
    tmp_path: Path, page: str, setting: str
) -> None:
    """As it stands on the page: what was mounted and set before still is."""
    text = (K8S.parent / "docs" / page).read_text()
    (patch,) = re.findall(r"```yaml\n(# \w+\.yaml, .*?)```", text, flags=re.DOTALL)
    (tmp_path / "patch.yaml").write_text(patch)
    app = [workload("Deployment", POD)]
    (plain,) = pods(kustomization(tmp_path, app, "component"))
    patches = [{"path": "patch.yaml", "target": {"kind": "Deployment"}}]
    (patched,) = pods(kustomization(tmp_path, app, "component", patches=patches))
    for role in ("entra-signin", "entra-sidecar"):
        before, after = container(plain, role), container(patched, role)
        (mount,) = [each for each in after["volumeMounts"] if each not in before["volumeMounts"]]
        (given,) = [each for each in after["env"] if each not in before["env"]]
        assert given["name"] == setting
        assert given["value"].startswith(mount["mountPath"])
        assert mount["readOnly"] is True
        assert len(after["volumeMounts"]) == len(before["volumeMounts"]) + 1


def test_prompts_become_events_with_the_patch_and_the_rule_on_the_page(tmp_path: Path) -> None:
    """Both roles know their pod, have a token for the API, and no more rights than the code needs."""
    text = (K8S.parent / "docs" / "notifications.md").read_text()
    patch, rbac = re.findall(r"```yaml\n(# \w+\.yaml, .*?)```", text, flags=re.DOTALL)
    (tmp_path / "patch.yaml").write_text(patch)
    patches = [{"path": "patch.yaml", "target": {"kind": "Deployment"}}]
    (pod,) = pods(kustomization(tmp_path, [workload("Deployment", POD)], "component", patches=patches))
    (volume,) = [each for each in pod["volumes"] if each["name"] == "entra-no-api-token"]
    assert volume.keys() == {"name", "projected"}
    for role in ("entra-signin", "entra-sidecar"):
        names = [each["name"] for each in container(pod, role)["env"]]
        (given,) = [each for each in container(pod, role)["env"] if each["name"] == "SIDECAR_POD"]
        named = re.findall(r"\$\((\w+)\)", given["value"])
        assert len(named) == 3
        assert all(names.index(name) < names.index("SIDECAR_POD") for name in named)
        assert names.count("SIDECAR_CACHE_KEY_FILE") == 1
    _, role, binding = yaml.safe_load_all(rbac)
    needed = rules_needed(publish=(), state=None, pod=Pod("n", "p", "u"))
    assert role["rules"] == [yaml.safe_load(as_yaml(grant)) for grant in grants(needed)]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": pod["serviceAccountName"]}]

"""The patches that the documentation shows, put to work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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

"""What docs/shared.md has people paste, put to work."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from pathlib import Path

from sidecar.settings import read_settings
from tests.manifests.arrangements import K8S, Manifest
from tests.manifests.builds import build, documents
from tests.manifests.workloads import of_kind

GUIDE = K8S.parent / "docs" / "shared.md"


@cache
def blocks() -> list[str]:
    """The YAML of the guide."""
    return re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)


def pasted(folder: Path, name: str, further: Manifest | None = None) -> list[Manifest]:
    """What the kustomization `name` of the quick start makes, beside a copy of k8s/."""
    (block,) = [text for text in blocks() if "/kustomization.yaml" in text]
    (text,) = [text for text in block.split("---\n") if text.startswith(f"# {name}/kustomization.yaml")]
    (own,) = documents(text)
    shutil.copytree(K8S, folder / "k8s")
    (folder / name).mkdir()
    (folder / name / "kustomization.yaml").write_text(json.dumps(own | (further or {})))
    return build(folder / name)


def test_quick_start_makes_a_workload_that_publishes_where_apps_mount(tmp_path: Path) -> None:
    """Two folders, which find each other: the Secret of the setting, and the account of the binding."""
    workload = pasted(tmp_path / "one", "entra")
    apps = pasted(tmp_path / "two", "shop")
    assert {one["metadata"]["namespace"] for one in workload} == {"entra"}
    assert {one["metadata"]["namespace"] for one in apps} == {"shop"}
    settings = read_settings(of_kind(workload, "ConfigMap")["data"], {})
    (target,) = settings.publish_secret
    secret = of_kind(apps, "Secret")["metadata"]
    assert (target.namespace, target.name) == (secret["namespace"], secret["name"])
    account = of_kind(workload, "ServiceAccount")["metadata"]
    (subject,) = of_kind(apps, "RoleBinding")["subjects"]
    assert (subject["namespace"], subject["name"]) == (account["namespace"], account["name"])
    images = [
        one["spec"]["template"]["spec"]["containers"][0]["image"]
        for one in (of_kind(workload, "Deployment"), of_kind(apps, "Deployment"))
    ]
    assert all(image.startswith("example.com/") for image in images)
    assert images[0].endswith("-kubernetes")


def test_binding_goes_to_a_workload_elsewhere(tmp_path: Path) -> None:
    """By the patch that the guide shows."""
    (patches,) = [text for text in blocks() if text.startswith("patches:")]
    (further,) = documents(patches)
    (subject,) = of_kind(pasted(tmp_path, "shop", further), "RoleBinding")["subjects"]
    assert subject["namespace"] == "elsewhere"


def test_items_are_the_files_of_the_tokens() -> None:
    """A key for each path, with a dot for each slash, for the unnamed token and for `graph`."""
    (text,) = [text for text in blocks() if text.startswith("volumes:")]
    (volumes,) = documents(text)
    items = volumes["volumes"][0]["secret"]["items"]
    files = ("token", "token.json", "expires_on")
    assert [item["path"] for item in items] == [*files, *(f"graph/{name}" for name in files)]
    for item in items:
        assert item["key"] == item["path"].replace("/", ".")


def test_table_of_rights_is_the_roles() -> None:
    """Verbs and objects of the guide's table are those of the Roles."""
    rows = re.findall(
        r"^\| (Secret|Lease|Events)(?: `([a-z-]+)`)? \|[^|]*\| ([a-z, ]+) \|$", GUIDE.read_text(), re.M
    )
    said = {(kind, name or None, verbs) for kind, name, verbs in rows}
    kinds = {"secrets": "Secret", "leases": "Lease", "events": "Events"}
    role = of_kind(build(K8S / "shared"), "Role")
    assert said == {
        (kinds[rule["resources"][0]], name, ", ".join(rule["verbs"]))
        for rule in role["rules"]
        for name in rule.get("resourceNames", [None])
    }

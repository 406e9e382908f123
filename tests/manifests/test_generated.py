"""One source: what is derived from it is what lies in k8s/."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests.arrangements import K8S, pod_spec, source
from tests.manifests.generate import derived


@pytest.mark.parametrize("path", derived(), ids=lambda path: str(path.relative_to(K8S)))
def test_derived_file_is_what_make_manifests_writes(path: Path) -> None:
    """A change of the source alone, or of a derived file by hand, does not stay unnoticed."""
    assert path.read_text() == derived()[path]


def test_both_containers_are_the_same_but_for_their_role() -> None:
    """What one may, sees and uses, the other does: the second goes on where the first ended."""
    signin, sidecar = pod_spec(source())["initContainers"]
    own = {"name", "args", "restartPolicy", "startupProbe", "readinessProbe", "livenessProbe"}
    assert set(sidecar) - set(signin) == own - {"name", "args"}
    for field in set(signin) - own:
        assert signin[field] == sidecar[field]


def test_every_yaml_file_says_what_it_is_for() -> None:
    """Components and kustomizations begin with a comment."""
    for path in K8S.rglob("kustomization.yaml"):
        kind = path.parent.parent.name
        if kind != "examples" and path.parent.name != "base":
            assert path.read_text().startswith("# "), path

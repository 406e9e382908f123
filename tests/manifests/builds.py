"""`kustomize build` by whichever of kustomize and kubectl is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.manifests.arrangements import K8S, Manifest

EXAMPLES = (
    "deployment",
    "statefulset",
    "daemonset",
    "job",
    "cronjob",
    "emulator",
    "quick-start",
    "two-identities",
    "shared",
)
ARRANGEMENTS = ("component", "single", "classic")


def builder() -> list[str]:
    """The command; a test without one is left out, which on CI is a failure."""
    if found := shutil.which("kustomize"):
        return [found, "build"]
    if found := shutil.which("kubectl"):
        return [found, "kustomize"]
    pytest.skip("neither kubectl nor kustomize is installed: no build of k8s/ was looked at")


def documents(text: str) -> list[Manifest]:
    """The manifests in a text; comments alone are none."""
    return [document for document in yaml.safe_load_all(text) if document]


def build(folder: Path) -> list[Manifest]:
    """What would be applied.

    :raises AssertionError: with the tool's own words
    """
    done = subprocess.run([*builder(), str(folder)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)


@cache
def _example(name: str) -> tuple[Manifest, ...]:
    return tuple(build(K8S / "examples" / name))


def example(name: str) -> list[Manifest]:
    """One of k8s/examples; built once, so not to be changed."""
    return list(_example(name))


def kustomization(folder: Path, app: Iterable[Manifest], *components: str, **fields: Any) -> list[Manifest]:
    """Build a kustomization of a user's: `app` with these of k8s/ added.

    :param folder: an empty directory for it
    :param components: folders below k8s/, such as "component"
    :param fields: further fields of the kustomization, such as `namePrefix`
    """
    (folder / "app.yaml").write_text(yaml.safe_dump_all(app))
    made = {
        "resources": ["app.yaml"],
        # kustomize takes no absolute path.
        "components": [os.path.relpath((K8S / name).resolve(), folder.resolve()) for name in components],
    } | fields
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(made))
    return build(folder)

"""Kubernetes' own schemas, as the package kubernetes-validate carries them."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.manifests.arrangements import Manifest

_SCHEMAS = Path(str(files("kubernetes_validate"))) / "kubernetes-json-schema"


def _number(minor: str) -> tuple[int, ...]:
    return tuple(int(part) for part in minor.split("."))


# Strict: a field that a version does not know is an error.
VERSIONS = sorted(
    (
        found[1]
        for path in _SCHEMAS.iterdir()
        if (found := re.fullmatch(r"v(1\.\d+)\.0-local-strict", path.name))
    ),
    key=_number,
)
OLDEST = VERSIONS[0]
# Kubernetes maintains three minor versions, and the last one for two months more (version skew policy).
SUPPORTED = VERSIONS[-4:]


def since(minor: str) -> list[str]:
    """The supported ones and `minor` itself, none older than it."""
    return [
        version
        for version in VERSIONS
        if version == minor or (version in SUPPORTED and _number(version) > _number(minor))
    ]


@cache
def _validator(version: str, kind: str, api: str) -> Draft202012Validator | None:
    folder = _SCHEMAS / f"v{version}.0-local-strict"
    path = folder / f"{kind}-{api}.json"
    if not path.exists():
        return None
    return Draft202012Validator(json.loads(path.read_text()), registry=_definitions(folder))


@cache
def _definitions(folder: Path) -> Registry[Any]:
    contents = json.loads((folder / "_definitions.json").read_text())
    resource = Resource.from_contents(contents, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("/api/_definitions.json", resource)
    return registry


def mistakes(manifest: Manifest, version: str) -> list[str]:
    """What that version would not accept, with the place; empty if all is well."""
    # networking.k8s.io/v1 is networking-v1 there.
    api = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", manifest["apiVersion"])
    validator = _validator(version, manifest["kind"].lower(), api)
    if validator is None:
        return [f"{version} has no {manifest['kind']} of {manifest['apiVersion']}"]
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]

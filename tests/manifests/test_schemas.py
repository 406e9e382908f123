"""Every manifest is one that the Kubernetes versions in use accept, field by field."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from tests.manifests.arrangements import K8S, WORKLOADS, Manifest
from tests.manifests.builds import EXAMPLES, build, documents, example, kustomization
from tests.manifests.schemas import OLDEST, SUPPORTED, VERSIONS, mistakes, since
from tests.manifests.users_apps import five_kinds
from tests.manifests.workloads import of_kind, pods

# Native sidecars: on by default since 1.29.
NATIVE = "1.29"
CLAIMS = {"component": NATIVE, "single": NATIVE, "classic": OLDEST}
ADDITIONS = ["pvc", "network-policy"]


def all_mistakes(manifests: list[Manifest], version: str) -> list[str]:
    """With the kind in front."""
    assert manifests
    return [f"{one['kind']}: {said}" for one in manifests for said in mistakes(one, version)]


def test_schemas_are_of_four_current_versions() -> None:
    """In order of their numbers; the package has to be kept fresh."""
    assert sorted(SUPPORTED, key=lambda version: int(version.partition(".")[2])) == SUPPORTED
    assert len(SUPPORTED) == 4
    assert SUPPORTED[-1] == VERSIONS[-1]
    assert since(NATIVE) == [NATIVE, *SUPPORTED]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("restartPolcy", "Always", "restartPolcy"),
        ("imagePullPolicy", 1, "1 is not of type"),
        ("livenessProbe", {"periodSeconds": "60"}, "'60' is not of type"),
        ("volumeMounts", [{"name": "entra-token", "mountPath": "/x", "readOnly": "true"}], "'true' is not"),
    ],
)
def test_schema_refuses_what_a_server_would(field: str, value: object, said: str) -> None:
    """An unknown field or a wrong type, deep in a pod; the control of the tests below."""
    manifest = copy.deepcopy(five_kinds()[0])
    pods([manifest])[0]["containers"][0][field] = value
    assert any(said in mistake for mistake in mistakes(manifest, SUPPORTED[-1]))


def test_schema_before_native_sidecars_refuses_them(tmp_path: Path) -> None:
    """So the versions below do look at what is new in them."""
    built = kustomization(tmp_path, five_kinds(), "component")
    assert [one for one in all_mistakes(built, "1.27") if "restartPolicy" in one]


@pytest.mark.parametrize("version", since(NATIVE))
def test_every_example_is_accepted(version: str) -> None:
    """By the versions in use and by the oldest that has native sidecars."""
    for name in EXAMPLES:
        assert all_mistakes(example(name), version) == [], name


@pytest.mark.parametrize("arrangement", CLAIMS)
def test_arrangement_with_every_addition_is_accepted(tmp_path: Path, arrangement: str) -> None:
    """For all five kinds, by the versions in use and by the oldest that it claims."""
    built = kustomization(tmp_path, five_kinds(), arrangement, *ADDITIONS)
    assert {one["kind"] for one in built} == {*WORKLOADS, "PersistentVolumeClaim", "NetworkPolicy"}
    for version in since(CLAIMS[arrangement]):
        assert all_mistakes(built, version) == [], version


@pytest.mark.parametrize(
    ("folder", "versions"),
    [("inject", ["1.34", "1.35"]), ("inject/v1", [version for version in SUPPORTED if version >= "1.36"])],
)
def test_injection_is_accepted(folder: str, versions: list[str]) -> None:
    """By the versions that each form is for."""
    for version in versions:
        assert all_mistakes(build(K8S / folder), version) == [], version


def test_injection_in_its_final_form_needs_the_version_it_says() -> None:
    """Before, there is the beta only: why there are two."""
    policy = of_kind(build(K8S / "inject" / "v1"), "MutatingAdmissionPolicy")
    assert mistakes(policy, "1.35") == [f"1.35 has no MutatingAdmissionPolicy of {policy['apiVersion']}"]


def test_no_file_is_beside_every_build() -> None:
    """A YAML file that no kustomization names is one that no test above has seen."""
    for folder in {path.parent for path in K8S.rglob("*.yaml")}:
        (own,) = documents((folder / "kustomization.yaml").read_text())
        named = {*own.get("resources", []), *(one["path"] for one in own.get("patches", []))}
        named |= {one["path"] for one in own.get("replacements", [])}
        assert {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"} <= named

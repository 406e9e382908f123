"""The admission policies add what the component adds: read back from their expressions."""

from __future__ import annotations

import os
import re
from pathlib import Path

import yaml

from sidecar.declarations import SETTINGS
from tests.manifests.arrangements import K8S, Manifest, pod_spec, source
from tests.manifests.builds import build, documents
from tests.manifests.workloads import of_kind

INJECT = K8S / "inject"


def policy(kind: str) -> Manifest:
    """The specification of the policy of that kind."""
    spec: Manifest = of_kind(build(INJECT), kind)["spec"]
    return spec


def expressions() -> tuple[str, str]:
    """The JSONPatch and the ApplyConfiguration."""
    first, second = policy("MutatingAdmissionPolicy")["mutations"]
    return first["jsonPatch"]["expression"], second["applyConfiguration"]["expression"]


def added(path: str) -> list[Manifest]:
    """What the JSONPatch adds at `path`, in its order, with CEL's types taken off."""
    found = []
    for place in re.finditer(re.escape(f'path: "{path}", value:'), expressions()[0]):
        text = expressions()[0][place.end() :]
        text = text[: text.index("}])\n")]
        text = re.sub(r"\+ variables\.given\.map\(.*\)", "", text)
        text = text.replace("variables.image", '"the image"')
        found.append(yaml.safe_load(re.sub(r"Object[\w.]*", "", text)))
    return found


def test_injected_containers_are_the_components() -> None:
    """But for the image, which the cluster's administrator names, and settings that may be annotations."""
    signin, sidecar = pod_spec(source())["initContainers"]
    for one in (signin, sidecar):
        one["image"] = "the image"
        one["envFrom"] = [{"configMapRef": {"name": "entra-sidecar", "optional": True}}]
    # Each is put into the first place, so the last one added starts first.
    assert added("/spec/initContainers/0") == [sidecar, signin]


def test_injected_volumes_are_the_components() -> None:
    """Each on its own, if the pod does not bring one of that name."""
    volumes = pod_spec(source())["volumes"]
    assert added("/spec/volumes/-") == volumes
    for volume in volumes:
        assert f'variables.volumes.exists(v, v.name == "{volume["name"]}") ? []' in expressions()[0]


def test_every_setting_is_an_annotation_but_what_the_pod_decides() -> None:
    """Named like the flag."""
    text = next(
        one["expression"]
        for one in policy("MutatingAdmissionPolicy")["variables"]
        if one["name"] == "settings"
    )
    pairs = {name: annotation for annotation, name in yaml.safe_load(text)}
    fixed = {"SIDECAR_TOKEN_DIR", "SIDECAR_STATE_DIR", "SIDECAR_CACHE_KEY_FILE", "SIDECAR_PROMPT_WEBHOOK_URL"}
    fixed |= {"SIDECAR_PROMPT_FROM"}  # the pod's own name
    assert pairs == {
        setting.name: f"entra-sidecar/{setting.flag[2:]}" for setting in SETTINGS if setting.name not in fixed
    }


def test_validation_knows_the_same_annotations_and_the_same_pods() -> None:
    """A pod that the one injects is a pod that the other looks at."""
    mutating, validating = policy("MutatingAdmissionPolicy"), policy("ValidatingAdmissionPolicy")
    assert mutating["matchConstraints"] == validating["matchConstraints"]
    known = [
        next(one["expression"] for one in spec["variables"] if one["name"] == "settings")
        for spec in (mutating, validating)
    ]
    assert [pair[0] for pair in yaml.safe_load(known[0])] == yaml.safe_load(known[1])


def test_mounts_are_merged_so_that_a_second_pass_changes_nothing() -> None:
    """For containers that other policies add meanwhile; not for ours, which write."""
    assert policy("MutatingAdmissionPolicy")["reinvocationPolicy"] == "IfNeeded"
    for place in ("containers", "initContainers"):
        assert f'Object.spec.{place}.volumeMounts{{name: "entra-token"' in expressions()[1]
    assert expressions()[1].count('!(c.name in ["entra-signin", "entra-sidecar"])') == 2


def test_policy_needs_nothing_beside_it() -> None:
    """No parameters: an API server that once lost them finds none again until it is restarted."""
    built = build(INJECT)
    kinds = [
        f"{policy}AdmissionPolicy{part}" for policy in ("Mutating", "Validating") for part in ("", "Binding")
    ]
    assert sorted(one["kind"] for one in built) == sorted(kinds)
    for one in built:
        assert "paramKind" not in one["spec"]
        assert "paramRef" not in one["spec"]
        assert one["metadata"]["name"] == one["spec"].get("policyName", "entra-sidecar") == "entra-sidecar"


def test_image_is_the_first_variable_so_that_a_patch_can_name_it(tmp_path: Path) -> None:
    """The patch of the guide, on both forms."""
    guide = (K8S.parent / "docs" / "kubernetes.md").read_text()
    (pasted,) = [
        block for block in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL) if "/spec/variables/0" in block
    ]
    (written,) = documents(pasted)
    for folder in ("inject", "inject/v1"):
        made = written | {"resources": [os.path.relpath(K8S / folder, tmp_path.resolve())]}
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(made))
        variables = of_kind(build(tmp_path), "MutatingAdmissionPolicy")["spec"]["variables"]
        expected = {"name": "image", "expression": "'example.com/entra-token-sidecar:0.1.0'"}
        assert variables[0] == expected


def test_both_versions_say_the_same() -> None:
    """They differ in the version of their API alone."""
    text, final = ((K8S / path / "mutating.yaml").read_text() for path in ("inject", "inject/v1"))
    assert text.replace("/v1beta1", "/v1") == final != text

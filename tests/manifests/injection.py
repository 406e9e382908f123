"""The MutatingAdmissionPolicy of k8s/inject and its companion, derived from k8s/component/pod.yaml.

Kubernetes docs, "Mutating Admission Policy". What ApplyConfiguration may not touch (atomic lists: `args`,
`capabilities.drop`, `projected.sources`) is added by JSONPatch; mounts are merged by ApplyConfiguration,
which runs again for containers that other policies add.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from sidecar.declarations import ENVIRONMENT_ONLY, SETTINGS
from tests.manifests.arrangements import K8S, Manifest, pod_spec, source

PREFIX = "entra-sidecar/"
INJECT = K8S / "inject"
# The mounts, the sealing and who asks are the policy's own business.
NOT_BY_ANNOTATION = ENVIRONMENT_ONLY | {"SIDECAR_CACHE_KEY_FILE", "SIDECAR_PROMPT_FROM"}
# Keys and values of these are the user's words, not fields.
PLAIN_MAPS = frozenset({"requests", "limits"})
MATCH = {
    "objectSelector": {"matchLabels": {PREFIX + "inject": "true"}},
    "resourceRules": [
        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    ],
}
# The arrangements of Kustomize may have been there before.
INJECTED = " || ".join(
    f"{containers}.exists(c, c.name == 'entra-sidecar')"
    for containers in ("object.spec.?initContainers.orValue([])", "object.spec.containers")
)
ANNOTATIONS = {
    PREFIX + setting.flag.removeprefix("--"): setting.name
    for setting in SETTINGS
    if setting.name not in NOT_BY_ANNOTATION
}


def cel(value: object, kind: str, indent: int = 0) -> str:
    """`value` as a CEL expression; a mapping becomes the type `kind`, such as `Object.spec.volumes`."""
    pad = " " * indent
    if isinstance(value, Mapping):
        if kind.rpartition(".")[2] in PLAIN_MAPS:
            return json.dumps(value)
        fields = [f"{pad}  {key}: {cel(part, f'{kind}.{key}', indent + 2)}" for key, part in value.items()]
        return f"{kind}{{\n" + ",\n".join(fields) + "}" if fields else f"{kind}{{}}"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        parts = [f"{pad}  {cel(part, kind, indent + 2)}" for part in value]
        return "[\n" + ",\n".join(parts) + "]"
    return json.dumps(value)


def container(name: str) -> str:
    """One of our containers, with the annotations as its environment."""
    spec = next(made for made in pod_spec(source())["initContainers"] if made["name"] == name)
    kind = "Object.spec.initContainers"
    spec["envFrom"] = [{"configMapRef": spec["envFrom"][0]["configMapRef"] | {"optional": True}}]
    text = cel(spec, kind, 2)
    env = cel(spec["env"], f"{kind}.env", 4)
    assert text.count(env) == 1
    given = f"variables.given.map(s, {kind}.env{{name: s[1], value: variables.annotations[s[0]]}})"
    return text.replace(env, f"{env}\n      + {given}").replace(
        f"image: {json.dumps(spec['image'])}", "image: variables.image"
    )


def added() -> str:
    """The JSONPatch: containers in the first places, volumes that the pod has not, the group."""
    first = [
        "(variables.done || size(variables.inits) > 0 ? []\n"
        '  : [JSONPatch{op: "add", path: "/spec/initContainers", value: []}])'
    ]
    for made in reversed(pod_spec(source())["initContainers"]):
        place = 'JSONPatch{op: "add", path: "/spec/initContainers/0", value:\n  '
        first.append(f"(variables.done ? [] : [{place}{container(made['name'])}}}])")
    first.append(
        '(size(variables.volumes) > 0 ? [] : [JSONPatch{op: "add", path: "/spec/volumes", value: []}])'
    )
    for volume in pod_spec(source())["volumes"]:
        there = f"variables.volumes.exists(v, v.name == {json.dumps(volume['name'])})"
        place = 'JSONPatch{op: "add", path: "/spec/volumes/-", value:\n  '
        first.append(f"({there} ? [] : [{place}{cel(volume, 'Object.spec.volumes', 2)}}}])")
    groups = "/spec/securityContext/supplementalGroups"
    first.append(
        "(65532 in variables.groups ? [] : size(variables.groups) == 0\n"
        f'  ? [JSONPatch{{op: "add", path: "{groups}", value: [65532]}}]\n'
        f'  : [JSONPatch{{op: "add", path: "{groups}/-", value: 65532}}])'
    )
    return "\n+ ".join(first) + "\n"


def mounted() -> str:
    """The ApplyConfiguration: the token directory in every container but ours."""

    def in_each(place: str, containers: str) -> str:
        kind = f"Object.spec.{place}"
        mount = {"name": "entra-token", "mountPath": "/var/run/secrets/entra", "readOnly": True}
        fields = ", ".join(f"{key}: {json.dumps(value)}" for key, value in mount.items())
        return (
            f'    {place}: {containers}.filter(c, !(c.name in ["entra-signin", "entra-sidecar"])).map(c,\n'
            f"      {kind}{{name: c.name, volumeMounts: [{kind}.volumeMounts{{{fields}}}]}})"
        )

    lists = [in_each("containers", "object.spec.containers"), in_each("initContainers", "variables.inits")]
    return "Object{\n  spec: Object.spec{\n" + ",\n".join(lists) + "}}\n"


def mutating(version: str) -> list[Manifest]:
    """The policy and its binding, as `admissionregistration.k8s.io/VERSION` wants them."""
    api = {"apiVersion": f"admissionregistration.k8s.io/{version}"}
    image = pod_spec(source())["initContainers"][0]["image"]
    variables = {
        # The first, so that a patch finds it. Not a parameter: once the policy has been deleted, a new one
        # finds no ConfigMap until the API server restarts (kubernetes/kubernetes 130887; seen with 1.36.2).
        "image": f"'{image}'",
        "annotations": "object.metadata.?annotations.orValue({})",
        "settings": "[\n" + ",\n".join(f"  {json.dumps(pair)}" for pair in ANNOTATIONS.items()) + "\n]\n",
        "given": "variables.settings.filter(s, s[0] in variables.annotations)",
        "inits": "object.spec.?initContainers.orValue([])",
        "done": INJECTED,
        "volumes": "object.spec.?volumes.orValue([])",
        "groups": "object.spec.?securityContext.?supplementalGroups.orValue([])",
    }
    policy = api | {
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": "entra-sidecar"},
        "spec": {
            "failurePolicy": "Fail",
            # Again, for containers that other policies add after this one.
            "reinvocationPolicy": "IfNeeded",
            "matchConstraints": MATCH,
            "variables": [{"name": name, "expression": text} for name, text in variables.items()],
            "mutations": [
                {
                    "patchType": "JSONPatch",
                    "jsonPatch": {"expression": added()},
                },
                {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": mounted()}},
            ],
        },
    }
    binding = api | {
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": "entra-sidecar"},
        "spec": {"policyName": "entra-sidecar"},
    }
    return [policy, binding]


def validating() -> list[Manifest]:
    """A policy that mutates cannot refuse, so this one does; it also notices that the other is missing."""
    api = {"apiVersion": "admissionregistration.k8s.io/v1"}
    variables = {
        "annotations": "object.metadata.?annotations.orValue({})",
        "settings": json.dumps(list(ANNOTATIONS), indent=2) + "\n",
        "unknown": "variables.annotations.filter(key, "
        f"key.startsWith('{PREFIX}') && !(key in variables.settings))",
    }
    policy = api | {
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "entra-sidecar"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": MATCH,
            "variables": [{"name": name, "expression": text} for name, text in variables.items()],
            "validations": [
                {
                    "expression": INJECTED,
                    "message": f"labelled {PREFIX}inject=true, but nothing was injected: is the "
                    "MutatingAdmissionPolicy entra-sidecar installed, and served by this cluster?",
                },
                {
                    "expression": "size(variables.unknown) == 0",
                    "messageExpression": "'no such setting: ' + variables.unknown.join(', ')",
                },
            ],
        },
    }
    binding = api | {
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "entra-sidecar"},
        "spec": {"policyName": "entra-sidecar", "validationActions": ["Deny"]},
    }
    return [policy, binding]


def files() -> Iterator[tuple[Path, list[Manifest]]]:
    """Every derived file of k8s/inject: what is in it, a document each."""
    yield INJECT / "mutating.yaml", mutating("v1beta1")
    yield INJECT / "v1" / "mutating.yaml", mutating("v1")
    yield INJECT / "base" / "validating.yaml", validating()

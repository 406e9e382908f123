"""The checker refuses what the standard refuses, and everything shipped passes it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.manifests.arrangements import Manifest
from tests.manifests.builds import ARRANGEMENTS, EXAMPLES, example, kustomization
from tests.manifests.pod_security import violations
from tests.manifests.users_apps import five_kinds
from tests.manifests.workloads import pod_template

SOUND: Manifest = {
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [
            {
                "name": "first",
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
        "containers": [
            {
                "name": "app",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
                },
            }
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
    }
}
POD, APP, FIRST = ("securityContext",), ("containers", 0), ("initContainers", 0)


def test_sound_pod_passes() -> None:
    """The control of the tests below."""
    assert violations(SOUND) == []


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ((*POD, "windowsOptions"), {"hostProcess": True}, "pod: hostProcess"),
        (("hostNetwork",), True, "pod: hostNetwork"),
        (("hostPID",), True, "pod: hostPID"),
        (("hostIPC",), True, "pod: hostIPC"),
        ((*APP, "securityContext", "privileged"), True, "app: privileged"),
        ((*APP, "securityContext", "capabilities", "add"), ["SYS_ADMIN"], "app: capabilities.add"),
        ((*FIRST, "securityContext", "capabilities"), {}, "first: capabilities.drop lacks ALL"),
        ((*APP, "securityContext", "capabilities", "drop"), ["KILL"], "app: capabilities.drop lacks ALL"),
        (("volumes", 0), {"name": "v", "hostPath": {"path": "/"}}, "volume v: hostPath"),
        (("volumes", 0), {"name": "v", "nfs": {}}, "volume v: nfs"),
        ((*APP, "ports"), [{"containerPort": 1, "hostPort": 1}], "app: hostPort"),
        ((*APP, "livenessProbe"), {"httpGet": {"host": "10.0.0.1"}}, "app: host of livenessProbe"),
        ((*APP, "lifecycle"), {"preStop": {"tcpSocket": {"host": "x"}}}, "app: host of preStop"),
        ((*POD, "appArmorProfile"), {"type": "Unconfined"}, "pod: appArmorProfile"),
        ((*APP, "securityContext", "seLinuxOptions"), {"type": "spc_t"}, "app: seLinuxOptions"),
        ((*POD, "seLinuxOptions"), {"role": "r"}, "pod: seLinuxOptions"),
        ((*APP, "securityContext", "procMount"), "Unmasked", "app: procMount"),
        ((*POD, "sysctls"), [{"name": "kernel.msgmax", "value": "1"}], "pod: sysctl kernel.msgmax"),
        ((*APP, "securityContext", "allowPrivilegeEscalation"), True, "app: allowPrivilegeEscalation"),
        ((*FIRST, "securityContext"), {"capabilities": {"drop": ["ALL"]}}, "first: allowPrivilegeEscalation"),
        ((*APP, "securityContext", "runAsNonRoot"), False, "app: runAsNonRoot"),
        ((*POD, "runAsUser"), 0, "pod: runAsUser 0"),
        ((*FIRST, "securityContext", "runAsUser"), 0, "first: runAsUser 0"),
        ((*APP, "securityContext", "seccompProfile"), {"type": "Unconfined"}, "app: seccompProfile"),
    ],
)
def test_each_violation_is_refused_alone(place: tuple[str | int, ...], value: object, said: str) -> None:
    """One change to a sound pod, one sentence that names it."""
    template = copy.deepcopy(SOUND)
    *way, last = ("spec", *place)
    inner: Any = template
    for step in way:
        inner = inner[step]
    inner[last] = value
    assert violations(template) == [said]


def test_what_the_pod_does_not_say_each_container_has_to() -> None:
    """Nothing set anywhere is refused for every container, sidecars included."""
    template = copy.deepcopy(SOUND)
    del template["spec"]["securityContext"]
    assert sorted(violations(template)) == [
        "app: runAsNonRoot",
        "app: seccompProfile",
        "first: runAsNonRoot",
        "first: seccompProfile",
    ]


def test_unconfined_pod_is_refused_even_if_containers_are_confined() -> None:
    """The standard forbids the pod's field whatever the containers say."""
    template = copy.deepcopy(SOUND)
    template["spec"]["securityContext"]["seccompProfile"] = {"type": "Unconfined"}
    for place in ("containers", "initContainers"):
        template["spec"][place][0]["securityContext"]["seccompProfile"] = {"type": "RuntimeDefault"}
    assert violations(template) == ["pod: seccompProfile"]


def test_unconfined_apparmor_annotation_is_refused() -> None:
    """The form that clusters before 1.30 know."""
    name = "container.apparmor.security.beta.kubernetes.io/app"
    template = SOUND | {"metadata": {"annotations": {name: "unconfined"}}}
    assert violations(template) == [f"pod: annotation {name}"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_passes_restricted(name: str) -> None:
    """As shipped: the app, the stand-in and our containers."""
    templates = [found for manifest in example(name) if (found := pod_template(manifest))]
    assert templates
    assert [violations(template) for template in templates] == [[]] * len(templates)


@pytest.mark.parametrize("addition", [(), ("pvc", "network-policy")], ids=["alone", "with additions"])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_our_containers_pass_restricted_in_a_careless_pod(
    tmp_path: Path, arrangement: str, addition: tuple[str, ...]
) -> None:
    """Whatever the user's own containers lack, ours say everything themselves."""
    manifests = kustomization(tmp_path, five_kinds(), arrangement, *addition)
    said = [
        said
        for manifest in manifests
        if (template := pod_template(manifest))
        for said in violations(template)
    ]
    assert said
    assert [one for one in said if not one.startswith(("web:", "worker:", "prepare:"))] == []

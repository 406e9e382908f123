"""The patches of k8s/component, k8s/single and k8s/classic, derived from k8s/component/pod.yaml."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

K8S = Path(__file__).parents[2] / "k8s"
SOURCE = K8S / "component" / "pod.yaml"
YEAR_SECONDS = 365 * 24 * 3600
# While a person is awaited the probe runs for hours; in `component` it holds at once.
SINGLE_STARTUP_SECONDS = 5
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")

Manifest = dict[str, Any]


def source() -> Manifest:
    """The hand-written patch."""
    patch: Manifest = yaml.safe_load(SOURCE.read_text())
    return patch


def pod_spec(patch: Manifest) -> Manifest:
    """The pod's part of a patch that is as deep as a Deployment."""
    spec: Manifest = patch["spec"]["template"]["spec"]
    return spec


def single() -> Manifest:
    """Without `entra-signin`; the app waits for the sidecar's startup probe, for a year at most."""
    patch = source()
    spec = pod_spec(patch)
    spec["initContainers"] = spec["initContainers"][1:]
    spec["initContainers"][0]["startupProbe"].update(
        periodSeconds=SINGLE_STARTUP_SECONDS, failureThreshold=YEAR_SECONDS // SINGLE_STARTUP_SECONDS
    )
    return patch


def classic() -> Manifest:
    """`entra-signin` alone: clusters before 1.29 do not know a `restartPolicy` there."""
    patch = source()
    spec = pod_spec(patch)
    spec["initContainers"] = spec["initContainers"][:1]
    return patch


def classic_sidecar() -> list[Manifest]:
    """A JSON patch: it appends, so that the app stays the container that `kubectl logs` means."""
    container = pod_spec(source())["initContainers"][1]
    del container["restartPolicy"], container["startupProbe"]
    return [{"op": "add", "path": "/spec/template/spec/containers/-", "value": container}]


def deeper(patch: Manifest) -> Manifest:
    """The same for a CronJob."""
    made = copy.deepcopy(patch)
    made["spec"] = {"jobTemplate": {"spec": made["spec"]}}
    return made


def values() -> Manifest:
    """What the replacements write. Local configuration never reaches the output of a build.

    Whole mounts, not their fields: kustomize 5.5 creates a boolean without a type, and the next patch,
    perhaps the user's own, makes the text "true" of it.
    """
    writable = {"name": "entra-token", "mountPath": "/var/run/secrets/entra"}
    return {
        "apiVersion": "entra-sidecar.invalid/v1",
        "kind": "Values",
        "metadata": {
            "name": "entra-sidecar-values",
            "annotations": {"config.kubernetes.io/local-config": "true"},
        },
        "spec": {"readOnly": writable | {"readOnly": True}, "writable": writable, "group": 65532},
    }


def replacements(own: tuple[str, ...], batch: tuple[str, ...]) -> list[Manifest]:
    """Mounts in every container whatever its name, and the group appended to the user's own.

    :param own: our containers in the kinds of `apps`, as paths in the pod's specification
    :param batch: the same in Job and CronJob
    """

    def replacement(value: str, paths: Callable[[str], Iterable[str]]) -> Manifest:
        return {
            "source": {"kind": "Values", "name": "entra-sidecar-values", "fieldPath": f"spec.{value}"},
            "targets": [
                {
                    "select": {"kind": kind},
                    "fieldPaths": [f"{_pod_of(kind)}.{path}" for path in paths(kind)],
                    "options": {"create": True},
                }
                for kind in WORKLOADS
            ],
        }

    def mounts(containers: Iterable[str]) -> list[str]:
        return [f"{container}.volumeMounts.[name=entra-token]" for container in containers]

    return [
        replacement("readOnly", lambda _: mounts(("containers.*", "initContainers.*"))),
        replacement("writable", lambda kind: mounts(batch if kind in ("Job", "CronJob") else own)),
        replacement("group", lambda _: ["securityContext.supplementalGroups.[=65532]"]),
    ]


def _pod_of(kind: str) -> str:
    return "spec.jobTemplate.spec.template.spec" if kind == "CronJob" else "spec.template.spec"


def files() -> Iterator[tuple[Path, object]]:
    """Every derived file of the three arrangements, and what is in it."""
    signin, sidecar = "initContainers.[name=entra-signin]", "initContainers.[name=entra-sidecar]"
    yield K8S / "component" / "cronjob.yaml", deeper(source())
    yield K8S / "component" / "mounts.yaml", replacements((signin, sidecar), (signin, sidecar))
    yield K8S / "single" / "pod.yaml", single()
    yield K8S / "single" / "cronjob.yaml", deeper(single())
    yield K8S / "single" / "mounts.yaml", replacements((sidecar,), (sidecar,))
    yield K8S / "classic" / "pod.yaml", classic()
    yield K8S / "classic" / "cronjob.yaml", deeper(classic())
    yield K8S / "classic" / "sidecar.yaml", classic_sidecar()
    yield (
        K8S / "classic" / "mounts.yaml",
        replacements((signin, "containers.[name=entra-sidecar]"), (signin,)),
    )
    for arrangement in ("component", "single", "classic"):
        yield K8S / arrangement / "values.yaml", values()
    for folder, name, made in (
        ("pvc", "pod.yaml", "cronjob.yaml"),
        ("pvc", "fsgroup.yaml", "cronjob-fsgroup.yaml"),
        ("network-policy", "pod.yaml", "cronjob.yaml"),
        ("serve", "pod.yaml", "cronjob.yaml"),
        ("on-demand", "pod.yaml", "cronjob.yaml"),
    ):
        yield K8S / folder / made, deeper(yaml.safe_load((K8S / folder / name).read_text()))

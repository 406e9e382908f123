"""Where pods are in manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.manifests.arrangements import WORKLOADS, Manifest

OURS = ("entra-signin", "entra-sidecar")


def pod_template(manifest: Manifest) -> Manifest | None:
    """Of a workload or a pod; None of anything else."""
    if manifest["kind"] == "Pod":
        return manifest
    if manifest["kind"] not in WORKLOADS:
        return None
    spec = manifest["spec"]
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template: Manifest = spec["template"]
    return template


def pods(manifests: Iterable[Manifest]) -> list[Manifest]:
    """The specification of every pod."""
    templates = (pod_template(manifest) for manifest in manifests)
    return [template["spec"] for template in templates if template]


def containers(pod: Manifest) -> Iterator[Manifest]:
    """All of them: init containers first, as they start."""
    for place in ("initContainers", "containers", "ephemeralContainers"):
        yield from pod.get(place) or []


def container(pod: Manifest, name: str) -> Manifest:
    """The one of that name."""
    return next(found for found in containers(pod) if found["name"] == name)


def of_kind(manifests: Iterable[Manifest], kind: str) -> Manifest:
    """The only manifest of that kind."""
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found

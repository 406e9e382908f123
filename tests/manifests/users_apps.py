"""Apps as users have them, with everything of their own that has to be kept."""

from __future__ import annotations

from tests.manifests.arrangements import WORKLOADS, Manifest

POD: Manifest = {
    "securityContext": {"fsGroup": 2000, "supplementalGroups": [3000], "runAsUser": 1234},
    "initContainers": [
        {"name": "prepare", "image": "mine", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    ],
    "containers": [
        {
            "name": "web",
            "image": "mine",
            "env": [{"name": "A", "value": "a"}],
            "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": True}],
        },
        {"name": "worker", "image": "mine"},
    ],
    "volumes": [{"name": "data", "emptyDir": {}}],
}
BARE_POD: Manifest = {"containers": [{"name": "only", "image": "mine"}]}


def workload(kind: str, pod: Manifest = POD) -> Manifest:
    """A workload of that kind, named by it, with nothing but what the kind has to have."""
    apps = kind in ("Deployment", "StatefulSet", "DaemonSet")
    spec: Manifest = {"template": {"spec": pod if apps else pod | {"restartPolicy": "Never"}}}
    if apps:
        spec["template"]["metadata"] = {"labels": {"app": "mine"}}
        spec["selector"] = {"matchLabels": {"app": "mine"}}
    if kind == "StatefulSet":
        spec["serviceName"] = "mine"
    if kind == "CronJob":
        spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": spec}}
    return {
        "apiVersion": "apps/v1" if apps else "batch/v1",
        "kind": kind,
        "metadata": {"name": kind.lower()},
        "spec": spec,
    }


def five_kinds(pod: Manifest = POD) -> list[Manifest]:
    """One workload of each kind."""
    return [workload(kind, pod) for kind in WORKLOADS]

"""The settings for one sign-in that serves many pods."""

from __future__ import annotations

from sidecar import kubernetes_values as values
from sidecar import setting_values
from sidecar.setting import Setting

KUBERNETES: tuple[Setting, ...] = (
    Setting(
        "SIDECAR_PUBLISH_SECRET",
        values.object_names,
        "Kubernetes Secrets that get the same tokens, as `namespace/name`, several separated by commas; "
        "docs/shared.md. Needs the image with Kubernetes.",
    ),
    Setting(
        "SIDECAR_STATE_SECRET",
        values.object_name,
        "Kubernetes Secret for the sealed cache, as `namespace/name`; a Lease of the same name keeps "
        "replicas apart. Needs SIDECAR_CACHE_KEY_FILE.",
    ),
    Setting(
        "SIDECAR_POD",
        values.pod,
        "This pod as `namespace/name/uid`, from the Downward API: each prompt is an Event about it.",
    ),
    Setting(
        "SIDECAR_SERVICE_ACCOUNT_DIR",
        setting_values.path,
        "Where Kubernetes mounts `token` and `ca.crt` of the ServiceAccount.",
        "/var/run/secrets/kubernetes.io/serviceaccount",
    ),
)

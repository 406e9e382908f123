"""The apps under test, as manifests: a user's, without a word about the sidecar."""

from __future__ import annotations

import os
from typing import Any

from tests.engines.docker import PRODUCT
from tests.kubernetes.cluster import cronjob_version

Document = dict[str, Any]

APP_USER = 1234

# Says each token it finds by its expiry, never by its text; on TERM it takes its time.
READER = """
import json, os, signal, sys, time
def say(*words): print(time.strftime("%H:%M:%S", time.gmtime()), *words, flush=True)
def end(*_):
    time.sleep(3); say("app ends"); sys.exit(0)
signal.signal(signal.SIGTERM, end)
say("app starts as", os.getuid(), "groups", sorted(os.getgroups()))
seen = 0
while True:
    try:
        token = json.load(open("/var/run/secrets/entra/token.json"))
    except OSError as error:
        say("no token:", type(error).__name__)
        time.sleep(1)
        continue
    if token["expires_on"] != seen:
        seen = token["expires_on"]
        say("token of", token["username"], "expires_on", seen, "live" if seen > time.time() else "EXPIRED")
    time.sleep(0.5)
"""
# Looks around once and ends with the code that the environment names.
ONCE = """
import json, os, sys, time
token = json.load(open("/var/run/secrets/entra/token.json"))
print("token of", token["username"], "live" if token["expires_on"] > time.time() else "EXPIRED", flush=True)
sys.exit(int(os.environ.get("APP_CODE", "0")))
"""


def container(name: str, program: str, **more: Any) -> Document:
    """A container of another user than the sidecar's, as Pod Security restricted wants it."""
    return {
        "name": name,
        "image": PRODUCT,
        "imagePullPolicy": os.environ.get("SIDECAR_TEST_PULL_POLICY", "IfNotPresent"),
        "command": ["python3", "-c", program],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **more,
    }


def template(*containers: Document, restart: str = "Always", **security: Any) -> Document:
    """A pod template; `security` is added to the pod's securityContext."""
    return {
        "metadata": {"labels": {"app": "app"}},
        "spec": {
            "restartPolicy": restart,
            "terminationGracePeriodSeconds": 20,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": APP_USER,
                "runAsGroup": APP_USER,
                "seccompProfile": {"type": "RuntimeDefault"},
                **security,
            },
            "containers": list(containers),
        },
    }


def workload(kind: str, pod: Document) -> Document:
    """Deployment, StatefulSet, DaemonSet, Job or CronJob `app` of that pod."""
    selector = {"matchLabels": pod["metadata"]["labels"]}
    specs: dict[str, Document] = {
        "Deployment": {"selector": selector, "strategy": {"type": "Recreate"}, "template": pod},
        "StatefulSet": {"selector": selector, "serviceName": "app", "template": pod},
        "DaemonSet": {"selector": selector, "template": pod},
        "Job": {"backoffLimit": 0, "template": pod},
        "CronJob": {
            "schedule": "* * * * *",
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": pod}},
        },
    }
    version = {"Job": "batch/v1", "CronJob": cronjob_version()}.get(kind, "apps/v1")
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "app"}, "spec": specs[kind]}

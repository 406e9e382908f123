"""kubectl as tests use it, and what the server can do."""

from __future__ import annotations

import functools
import json
import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Document = dict[str, Any]

COMMAND_SECONDS = 120
WAIT_SECONDS = 180.0


class KubectlError(Exception):
    """A command failed; the text is what it said."""


def kubectl(
    *arguments: str, namespace: str = "", given: str | None = None, check: bool = True, both: bool = False
) -> str:
    """Standard output of the command, with `both` standard error as well.

    :raises KubectlError: it failed, unless `check` is off
    """
    where = ("--namespace", namespace) if namespace else ()
    done = subprocess.run(
        ["kubectl", *where, *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if check and done.returncode:
        raise KubectlError(f"kubectl {' '.join(arguments[:3])}: {done.stderr.strip()}")
    return done.stdout + (done.stderr if both else "")


def eventually(see: Callable[[], T], what: str, seconds: float = WAIT_SECONDS) -> T:
    """The first true answer of `see`; a command that fails meanwhile is asked again."""
    until = time.monotonic() + seconds
    last = ""
    while time.monotonic() < until:
        try:
            if seen := see():
                return seen
        except KubectlError as error:
            last = f" ({error})"
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds:.0f} s: {what}{last}")


@functools.cache
def version() -> tuple[int, int]:
    """Major and minor of the server."""
    info = json.loads(kubectl("version", "--output", "json"))["serverVersion"]
    return int(info["major"]), int(info["minor"].rstrip("+"))


def cronjob_version() -> str:
    """The version under which CronJobs are served; the component takes either."""
    return "batch/v1" if version() >= (1, 21) else "batch/v1beta1"


@functools.cache
def policy_version() -> str | None:
    """The version under which MutatingAdmissionPolicy is served, the stable one first."""
    group = "admissionregistration.k8s.io"
    for name in ("v1", "v1beta1"):
        served = kubectl("get", "--raw", f"/apis/{group}/{name}", check=False)
        if '"mutatingadmissionpolicies"' in served:
            return name
    return None


FEATURES: dict[str, tuple[str, Callable[[], bool]]] = {
    "native-sidecars": ("Kubernetes 1.29", lambda: version() >= (1, 29)),
    "pod-failure-policy": ("Kubernetes 1.26", lambda: version() >= (1, 26)),
    "pod-security": ("Kubernetes 1.25", lambda: version() >= (1, 25)),
    "mutating-admission-policy": (
        "an API server that serves MutatingAdmissionPolicy",
        lambda: policy_version() is not None,
    ),
}
"""Name: what has to be there, and the question whether it is."""


def has(feature: str) -> bool:
    """Whether the server has one of `FEATURES`."""
    return FEATURES[feature][1]()

"""The examples of two identities side by side: two of everything, out of reach of each other."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.manifests.arrangements import K8S, Manifest
from tests.manifests.builds import example
from tests.manifests.workloads import container, pods

FILE = K8S.parent / "compose" / "two-identities.yml"
TOKENS, STATE = "/var/run/secrets/entra", "/var/lib/entra-sidecar"


def mounts(one: Manifest) -> dict[str, tuple[str, bool]]:
    """Volume and whether it is read-only, by path."""
    return {
        mount["mountPath"]: (mount["name"], mount.get("readOnly", False)) for mount in one["volumeMounts"]
    }


def compose() -> dict[str, Any]:
    """The compose file, read as it stands."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return content


def volumes(service: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """The same of a service."""
    short = [one.split(":") for one in service["volumes"] if isinstance(one, str)]
    long = [one for one in service["volumes"] if isinstance(one, dict)]
    return {
        **{target: (source, False) for source, target in short},
        **{one["target"]: (one["source"], one.get("read_only", False)) for one in long},
    }


def test_pod_has_two_of_everything() -> None:
    """Two token directories, two states; the app sees both kinds of tokens, read-only, and no state."""
    (pod,) = pods(example("two-identities"))
    first, second = container(pod, "entra-sidecar"), container(pod, "entra-sidecar-second")
    for path in (TOKENS, STATE):
        assert mounts(first)[path][0] != mounts(second)[path][0]
    assert mounts(container(pod, "app")) == {
        TOKENS: (mounts(first)[TOKENS][0], True),
        f"{TOKENS}-second": (mounts(second)[TOKENS][0], True),
    }


def test_second_container_is_as_the_first() -> None:
    """Image, arguments, security, environment and limits are the component's own."""
    (pod,) = pods(example("two-identities"))
    first, second = container(pod, "entra-sidecar"), container(pod, "entra-sidecar-second")
    for field in ("image", "imagePullPolicy", "args", "env", "resources", "securityContext", "restartPolicy"):
        assert second[field] == first[field]
    assert second["envFrom"][0] == first["envFrom"][0]
    assert len(second["envFrom"]) == 2


def test_both_are_asked_at_once_and_the_app_waits_for_both() -> None:
    """The second sidecar holds up nobody when it starts; the last init container waits for its token."""
    (pod,) = pods(example("two-identities"))
    names = [one["name"] for one in pod["initContainers"]]
    assert names == ["entra-sidecar-second", "entra-signin", "entra-sidecar", "entra-wait-second"]
    assert "startupProbe" not in container(pod, "entra-sidecar-second")
    waiting = container(pod, "entra-wait-second")
    assert waiting["args"][0] == "wait"
    seen = mounts(container(pod, "entra-sidecar-second"))
    assert {path: mounts(waiting)[path][0] for path in (TOKENS, STATE)} == {
        path: seen[path][0] for path in (TOKENS, STATE)
    }
    assert all(read_only for _, read_only in mounts(waiting).values())


def test_compose_stack_has_two_of_everything() -> None:
    """The same with docker compose; each says who may answer, and neither sees the other's directories."""
    services = compose()["services"]
    first, second = services["refresh-first"], services["refresh-second"]
    for path in (TOKENS, STATE):
        assert volumes(first)[path] != volumes(second)[path]
    seen = volumes(services["app"])
    assert all(read_only for _, read_only in seen.values())
    assert {source for source, _ in seen.values()} == {
        volumes(first)[TOKENS][0],
        volumes(second)[TOKENS][0],
    }
    users = [one["environment"]["SIDECAR_ALLOWED_USERS"] for one in (first, second)]
    assert len(set(users)) == 2
    assert all(":?" in one for one in users)


def test_compose_services_are_hardened() -> None:
    """As those of compose/stack.yml."""
    stack = yaml.safe_load((K8S.parent / "compose" / "stack.yml").read_text())
    hardened = ("read_only", "cap_drop", "security_opt", "pids_limit", "mem_limit", "logging")
    for name, one in compose()["services"].items():
        assert {field: one[field] for field in hardened} == {
            field: stack["services"]["refresh"][field] for field in hardened
        }, name


def test_compose_itself_reads_it() -> None:
    """And asks for the two users where they are not named."""
    if shutil.which("docker") is None:
        pytest.skip("no docker is installed: compose/two-identities.yml was not read by it")
    command = ["docker", "compose", "-f", str(FILE), "--project-directory", str(K8S.parent), "config", "-q"]
    told = {"PATH": "/usr/local/bin:/usr/bin:/bin", "FIRST_USER": "a", "SECOND_USER": "b"}
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    del told["SECOND_USER"]
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert "SECOND_USER" in done.stderr

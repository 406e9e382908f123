"""Kubernetes' Pod Security Standards, level restricted (which contains baseline), as a pure function.

Written from kubernetes.io/docs/concepts/security/pod-security-standards as of 1.34, for Linux pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.manifests.arrangements import Manifest
from tests.manifests.workloads import containers

_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    }
)
_SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"

Check = Callable[[Manifest], Iterator[str]]


def violations(template: Manifest) -> list[str]:
    """What `restricted` would refuse in a pod or pod template; empty if it passes."""
    return [said for check in _CHECKS for said in check(template)]


def _contexts(template: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Every securityContext with whose it is, the pod's first."""
    yield "pod", template["spec"].get("securityContext") or {}
    for container in containers(template["spec"]):
        yield container["name"], container.get("securityContext") or {}


def _host_process(template: Manifest) -> Iterator[str]:
    for owner, context in _contexts(template):
        if (context.get("windowsOptions") or {}).get("hostProcess"):
            yield f"{owner}: hostProcess"


def _host_namespaces(template: Manifest) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if template["spec"].get(field):
            yield f"pod: {field}"


def _privileged(template: Manifest) -> Iterator[str]:
    for owner, context in _contexts(template):
        if context.get("privileged"):
            yield f"{owner}: privileged"


def _capabilities(template: Manifest) -> Iterator[str]:
    for container in containers(template["spec"]):
        found = (container.get("securityContext") or {}).get("capabilities") or {}
        if "ALL" not in (found.get("drop") or []):
            yield f"{container['name']}: capabilities.drop lacks ALL"
        if set(found.get("add") or []) - {"NET_BIND_SERVICE"}:
            yield f"{container['name']}: capabilities.add"


def _volumes(template: Manifest) -> Iterator[str]:
    for volume in template["spec"].get("volumes") or []:
        for kind in set(volume) - {"name"} - _VOLUMES:
            yield f"volume {volume['name']}: {kind}"


def _host_ports(template: Manifest) -> Iterator[str]:
    for container in containers(template["spec"]):
        if any(port.get("hostPort") for port in container.get("ports") or []):
            yield f"{container['name']}: hostPort"


def _host_of_probes(template: Manifest) -> Iterator[str]:
    for container in containers(template["spec"]):
        lifecycle = container.get("lifecycle") or {}
        handlers: dict[str, Any] = {
            name: container.get(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")
        } | {name: lifecycle.get(name) for name in ("postStart", "preStop")}
        for name, handler in handlers.items():
            if any(((handler or {}).get(kind) or {}).get("host") for kind in ("httpGet", "tcpSocket")):
                yield f"{container['name']}: host of {name}"


def _apparmor(template: Manifest) -> Iterator[str]:
    for owner, context in _contexts(template):
        if (context.get("appArmorProfile") or {}).get("type") == "Unconfined":
            yield f"{owner}: appArmorProfile"
    for name, value in ((template.get("metadata") or {}).get("annotations") or {}).items():
        sound = value in ("", "runtime/default") or value.startswith("localhost/")
        if name.startswith(_APPARMOR_ANNOTATION) and not sound:
            yield f"pod: annotation {name}"


def _selinux(template: Manifest) -> Iterator[str]:
    for owner, context in _contexts(template):
        options = context.get("seLinuxOptions") or {}
        if options.get("type", "") not in _SELINUX_TYPES or options.get("user") or options.get("role"):
            yield f"{owner}: seLinuxOptions"


def _proc_mount(template: Manifest) -> Iterator[str]:
    for owner, context in _contexts(template):
        if context.get("procMount", "Default") != "Default":
            yield f"{owner}: procMount"


def _sysctls(template: Manifest) -> Iterator[str]:
    for _, context in _contexts(template):
        for sysctl in context.get("sysctls") or []:
            if sysctl["name"] not in _SYSCTLS:
                yield f"pod: sysctl {sysctl['name']}"


def _escalation(template: Manifest) -> Iterator[str]:
    for container in containers(template["spec"]):
        if (container.get("securityContext") or {}).get("allowPrivilegeEscalation") is not False:
            yield f"{container['name']}: allowPrivilegeEscalation"


def _non_root(template: Manifest) -> Iterator[str]:
    (_, of_pod), *each = _contexts(template)
    for owner, context in each:
        if context.get("runAsNonRoot", of_pod.get("runAsNonRoot")) is not True:
            yield f"{owner}: runAsNonRoot"
    for owner, context in _contexts(template):
        if context.get("runAsUser") == 0:
            yield f"{owner}: runAsUser 0"


def _seccomp(template: Manifest) -> Iterator[str]:
    (_, of_pod), *each = _contexts(template)
    sound = ("RuntimeDefault", "Localhost")
    for owner, context in each:
        profile = context.get("seccompProfile") or of_pod.get("seccompProfile") or {}
        if profile.get("type") not in sound:
            yield f"{owner}: seccompProfile"
    if (of_pod.get("seccompProfile") or {"type": sound[0]}).get("type") not in sound:
        yield "pod: seccompProfile"


_CHECKS: tuple[Check, ...] = (
    _host_process,
    _host_namespaces,
    _privileged,
    _capabilities,
    _volumes,
    _host_ports,
    _host_of_probes,
    _apparmor,
    _selinux,
    _proc_mount,
    _sysctls,
    _escalation,
    _non_root,
    _seccomp,
)

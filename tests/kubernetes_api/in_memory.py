"""A `ClusterApi` in memory, with versions as the API server keeps them, and faults on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import EventNote, Lease, Rule, Secret
from sidecar.errors import ClusterConflict, ObjectMissing

T = TypeVar("T")


@dataclass
class InMemoryCluster:
    """`calls` are what was asked, such as "replace_secret apps/entra-token"; `fail` may raise before one, and
    `stored` is called after a write.
    """

    secrets: dict[ObjectName, Secret] = field(default_factory=dict)
    leases: dict[ObjectName, Lease] = field(default_factory=dict)
    events: list[EventNote] = field(default_factory=list)
    forbidden: set[Rule] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    fail: Callable[[str], None] = lambda _call: None
    stored: Callable[[str], None] = lambda _call: None
    _version: int = 0

    def add_secret(self, name: ObjectName, **data: bytes) -> Secret:
        """As `kubectl apply` would."""
        self.secrets[name] = Secret(name, self._next(), data)
        return self.secrets[name]

    def add_lease(self, name: ObjectName) -> Lease:
        """As `kubectl apply` would."""
        self.leases[name] = Lease(name, self._next())
        return self.leases[name]

    def secret(self, name: ObjectName) -> Secret:
        """Read it."""
        self._called("secret", name)
        return _existing(self.secrets, name)

    def replace_secret(self, secret: Secret) -> Secret:
        """Refused if the version is not the present one."""
        self._called("replace_secret", secret.name)
        _check(_existing(self.secrets, secret.name).version, secret.version)
        self.secrets[secret.name] = stored = replace(secret, version=self._next())
        self.stored(self.calls[-1])
        return stored

    def lease(self, name: ObjectName) -> Lease:
        """Read it."""
        self._called("lease", name)
        return _existing(self.leases, name)

    def replace_lease(self, lease: Lease) -> Lease:
        """Refused if the version is not the present one."""
        self._called("replace_lease", lease.name)
        _check(_existing(self.leases, lease.name).version, lease.version)
        self.leases[lease.name] = stored = replace(lease, version=self._next())
        self.stored(self.calls[-1])
        return stored

    def create_event(self, note: EventNote) -> None:
        """Remember it."""
        self._called("create_event", note.pod.name)
        self.events.append(note)

    def may(self, rule: Rule) -> bool:
        """All but what is `forbidden`."""
        self._called("may", rule.resource)
        return rule not in self.forbidden

    def _called(self, verb: str, what: object) -> None:
        call = f"{verb} {what}"
        self.calls.append(call)
        self.fail(call)

    def _next(self) -> str:
        self._version += 1
        return str(self._version)


def _existing(objects: dict[ObjectName, T], name: ObjectName) -> T:
    if name not in objects:
        raise ObjectMissing(f"{name} is not there")
    return objects[name]


def _check(present: str, given: str) -> None:
    if present != given:
        raise ClusterConflict("the object has been modified")

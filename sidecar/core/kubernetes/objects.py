"""The objects that this program reads and writes, as far as it looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sidecar.core.kubernetes.names import ObjectName, Pod


@dataclass(frozen=True)
class Secret:
    """`version` is the `resourceVersion`: a replacement is refused if it is not the present one any more."""

    name: ObjectName
    version: str
    data: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lease:
    """`holder` is None if nobody holds it. Instants are seconds since 1970 by the holder's clock, to the
    microsecond; None where nobody has held it yet.
    """

    name: ObjectName
    version: str
    holder: str | None = None
    duration_seconds: int = 0
    acquired_on: float | None = None
    renewed_on: float | None = None
    transitions: int = 0
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EventNote:
    """One Event about a pod (events.k8s.io/v1). `reason` is CamelCase, `note` at most 1024 bytes."""

    pod: Pod
    reason: str
    note: str
    warning: bool = False


@dataclass(frozen=True)
class Rule:
    """What a Role has to allow: `verb` on `resource` of API group `group`, by name or, for `create`, any."""

    namespace: str
    group: str
    resource: str
    verb: str
    name: str | None = None


class ClusterApi(Protocol):
    """What is asked of the API server. Each call raises one of the `ClusterError`s: Unreachable, Busy,
    Forbidden, ObjectMissing, Conflict, Refused.
    """

    def secret(self, name: ObjectName) -> Secret:
        """Read it."""
        ...

    def replace_secret(self, secret: Secret) -> Secret:
        """Write all of it, if `version` is still the present one; returns it with the new version. What the
        object has beside our fields (type, owners, finalizers) stays.
        """
        ...

    def lease(self, name: ObjectName) -> Lease:
        """Read it."""
        ...

    def replace_lease(self, lease: Lease) -> Lease:
        """As `replace_secret`."""
        ...

    def create_event(self, note: EventNote) -> None:
        """Tell of something; each call makes a new Event."""
        ...

    def may(self, rule: Rule) -> bool:
        """Whether RBAC allows it to us (SelfSubjectAccessReview)."""
        ...

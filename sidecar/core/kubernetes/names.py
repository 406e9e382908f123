"""What settings name in a cluster: objects, and the pod that we run in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ObjectName:
    """Of a Secret or a Lease."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Pod:
    """The pod that we run in."""

    namespace: str
    name: str
    uid: str

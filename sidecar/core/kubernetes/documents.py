"""Objects of Kubernetes as the JSON that the API server speaks, and what this program sees of them.

A replacement begins with the object as it was read, so that what we know nothing of stays: owners,
finalizers, the type, fields of servers to come.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import EventNote, Lease, Rule, Secret

Raw = dict[str, Any]

CONTROLLER = "entra-token-sidecar"
NOTE_MAX_BYTES = 1024
NAME_MAX = 253
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotAnObject(ValueError):
    """An answer that is not the object that was asked for; the text says no more than which part is wrong."""


def secret_of(raw: Mapping[str, Any], name: ObjectName) -> Secret:
    """What is seen of it.

    :raises NotAnObject: it is something else
    """
    metadata = _metadata(raw, "Secret", name)
    data = raw.get("data") or {}
    if not isinstance(data, dict):
        raise NotAnObject("data")
    try:
        decoded = {str(key): base64.b64decode(text or "", validate=True) for key, text in data.items()}
    except (binascii.Error, TypeError, ValueError):
        raise NotAnObject("data") from None
    return Secret(
        name,
        metadata["resourceVersion"],
        decoded,
        _texts(metadata, "labels"),
        _texts(metadata, "annotations"),
    )


def with_secret(raw: Raw, secret: Secret) -> Raw:
    """`raw` with all that we say in it."""
    data = {key: base64.b64encode(value).decode() for key, value in secret.data.items()}
    return {**raw, "metadata": _marked(raw, secret), "data": data}


def texts_of(secret: Secret) -> list[str]:
    """Its values as they might be quoted."""
    plain = [value.decode(errors="replace") for value in secret.data.values()]
    return plain + [base64.b64encode(value).decode() for value in secret.data.values()]


def lease_of(raw: Mapping[str, Any], name: ObjectName) -> Lease:
    """What is seen of it.

    :raises NotAnObject: it is something else
    """
    metadata = _metadata(raw, "Lease", name)
    spec = raw.get("spec") or {}
    if not isinstance(spec, dict):
        raise NotAnObject("spec")
    try:
        return Lease(
            name,
            metadata["resourceVersion"],
            holder=spec.get("holderIdentity") or None,
            duration_seconds=int(spec.get("leaseDurationSeconds") or 0),
            acquired_on=_instant(spec.get("acquireTime")),
            renewed_on=_instant(spec.get("renewTime")),
            transitions=int(spec.get("leaseTransitions") or 0),
            annotations=_texts(metadata, "annotations"),
        )
    except (TypeError, ValueError, OverflowError):
        raise NotAnObject("spec") from None


def with_lease(raw: Raw, lease: Lease) -> Raw:
    """`raw` with all that we say in it. Without a holder it is as client-go lets go of one: an empty name,
    and one second, the shortest that a server accepts.
    """
    said: dict[str, Any] = {
        "holderIdentity": lease.holder or "",
        "leaseDurationSeconds": max(lease.duration_seconds, 1),
        "acquireTime": _micro_time(lease.acquired_on),
        "renewTime": _micro_time(lease.renewed_on),
        "leaseTransitions": lease.transitions,
    }
    spec = {**(raw.get("spec") or {}), **said}
    metadata = {**(raw.get("metadata") or {}), "resourceVersion": lease.version}
    metadata["annotations"] = dict(lease.annotations)
    return {
        **raw,
        "metadata": metadata,
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


def event_of(note: EventNote, *, now: float, unique: str) -> Raw:
    """An Event that `kubectl describe pod` shows; its name ends in `unique`."""
    pod = note.pod
    return {
        "metadata": {
            "namespace": pod.namespace,
            "name": f"{pod.name[: NAME_MAX - len(unique) - 1]}.{unique}",
        },
        "eventTime": _micro_time(now),
        "reportingController": CONTROLLER,
        "reportingInstance": pod.name[:128],
        "action": note.reason,
        "reason": note.reason,
        "type": "Warning" if note.warning else "Normal",
        "regarding": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": pod.namespace,
            "name": pod.name,
            "uid": pod.uid,
        },
        "note": note.note.encode()[:NOTE_MAX_BYTES].decode(errors="ignore"),
    }


def review_of(rule: Rule) -> Raw:
    """The question whether we may."""
    attributes = {
        "namespace": rule.namespace,
        "group": rule.group,
        "resource": rule.resource,
        "verb": rule.verb,
    }
    if rule.name:
        attributes["name"] = rule.name
    return {"spec": {"resourceAttributes": attributes}}


def _metadata(raw: Mapping[str, Any], kind: str, name: ObjectName) -> Mapping[str, Any]:
    metadata = raw.get("metadata")
    if raw.get("kind") != kind:
        raise NotAnObject("kind")
    if not isinstance(metadata, dict) or (metadata.get("namespace"), metadata.get("name")) != (
        name.namespace,
        name.name,
    ):
        raise NotAnObject("metadata")
    version = metadata.get("resourceVersion")
    if not isinstance(version, str) or not version:
        raise NotAnObject("metadata.resourceVersion")
    return metadata


def _marked(raw: Raw, secret: Secret) -> Raw:
    return {
        **(raw.get("metadata") or {}),
        "resourceVersion": secret.version,
        "labels": dict(secret.labels),
        "annotations": dict(secret.annotations),
    }


def _texts(metadata: Mapping[str, Any], name: str) -> dict[str, str]:
    found = metadata.get(name) or {}
    if not isinstance(found, dict):
        raise NotAnObject(f"metadata.{name}")
    return {str(key): str(value) for key, value in found.items()}


def _micro_time(instant: float | None) -> str | None:
    """RFC 3339 with microseconds: a Lease's times without them are refused (400)."""
    if instant is None:
        return None
    at = _EPOCH + timedelta(microseconds=round(instant * 1_000_000))
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _instant(text: object) -> float | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise NotAnObject("time")
    return (datetime.fromisoformat(text) - _EPOCH).total_seconds()

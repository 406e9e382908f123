"""Texts to names of Kubernetes objects: each function returns the value or raises ValueError."""

from __future__ import annotations

import re

from sidecar.core.kubernetes.names import ObjectName, Pod
from sidecar.setting_values import words

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAMESPACE = re.compile(_LABEL)
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NAME_MAX = 253
_UID = re.compile(r"[A-Za-z0-9-]{1,64}")


def object_name(value: str) -> ObjectName:
    """`namespace/name`, as DNS labels (kubernetes.io, "Object Names and IDs")."""
    namespace, slash, name = value.partition("/")
    if not slash or not _NAMESPACE.fullmatch(namespace) or not _NAME.fullmatch(name) or len(name) > _NAME_MAX:
        raise ValueError(f"{value[:100]!a} is not namespace/name, such as apps/entra-token")
    return ObjectName(namespace, name)


def object_names(value: str) -> tuple[ObjectName, ...]:
    """Several of them."""
    return tuple(object_name(word) for word in words(value))


def pod(value: str) -> Pod:
    """`namespace/name/uid`."""
    front, _, uid = value.rpartition("/")
    try:
        named = object_name(front)
    except ValueError:
        named = None
    if named is None or not _UID.fullmatch(uid):
        raise ValueError("give namespace/name/uid, with the uid from the Downward API")
    return Pod(named.namespace, named.name, uid)

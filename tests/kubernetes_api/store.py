"""What the stand-in keeps: objects as JSON, with versions, and the checks that this program meets."""

from __future__ import annotations

import base64
import copy
import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Rule
from tests.kubernetes_api import answers

Raw = dict[str, Any]

SECRET_MAX_BYTES = 1 << 20
NOTE_MAX_BYTES = 1024
LABEL_MAX = 63
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")
KINDS = {"secrets": ("v1", "Secret"), "leases": ("coordination.k8s.io/v1", "Lease")}


@dataclass
class Store:
    """`allowed` are the rules that RBAC grants, None for all; `forbidden` are taken from them. A rule without
    a name stands for every name.
    """

    objects: dict[tuple[str, ObjectName], Raw] = field(default_factory=dict)
    events: list[Raw] = field(default_factory=list)
    allowed: set[Rule] | None = None
    forbidden: set[Rule] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _version: int = 1000

    def add_secret(self, name: ObjectName, *, kind: str = "Opaque", **data: bytes) -> Raw:
        """As `kubectl apply` would."""
        encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
        return self._add("secrets", name, {"type": kind, **({"data": encoded} if data else {})})

    def add_lease(self, name: ObjectName) -> Raw:
        """As `kubectl apply` would, of one without a spec."""
        return self._add("leases", name, {"spec": {}})

    def data(self, name: ObjectName) -> dict[str, bytes]:
        """What a Secret holds."""
        found = self.objects["secrets", name].get("data") or {}
        return {key: base64.b64decode(value) for key, value in found.items()}

    def raw(self, resource: str, name: ObjectName) -> Raw:
        """All of an object."""
        return copy.deepcopy(self.objects[resource, name])

    def edit(self, resource: str, name: ObjectName, **parts: Any) -> None:
        """Somebody else writes: top-level parts of the object are replaced, `metadata` is merged."""
        with self.lock:
            changed = self.raw(resource, name)
            changed["metadata"] |= parts.pop("metadata", {})
            self._store(resource, name, changed | parts)

    def delete(self, resource: str, name: ObjectName) -> None:
        """`kubectl delete`."""
        with self.lock:
            del self.objects[resource, name]

    def may(self, rule: Rule) -> bool:
        """What RBAC says."""
        return (self.allowed is None or _covers(self.allowed, rule)) and not _covers(self.forbidden, rule)

    def get(self, rule: Rule) -> Raw:
        """:raises Refused: it is not there"""
        return self.raw(rule.resource, self._existing(rule))

    def replace(self, rule: Rule, given: Raw) -> Raw:
        """:raises Refused: it is not there, was changed meanwhile, or is invalid"""
        with self.lock:
            name = self._existing(rule)
            before = self.objects[rule.resource, name]
            metadata = given.get("metadata") or {}
            if metadata.get("name") != rule.name:
                raise answers.bad_request(
                    f"the name of the object ({metadata.get('name')}) does not match the name on the URL "
                    f"({rule.name})"
                )
            if metadata.get("namespace") != rule.namespace:
                raise answers.bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
            kind = KINDS[rule.resource][1]
            version = metadata.get("resourceVersion")
            if not version and rule.resource == "leases":
                raise answers.invalid(
                    rule,
                    kind,
                    "metadata.resourceVersion",
                    "FieldValueInvalid",
                    "must be specified for an update",
                )
            if version and version != before["metadata"]["resourceVersion"]:
                raise answers.conflict(rule)
            if metadata.get("uid", before["metadata"]["uid"]) != before["metadata"]["uid"]:
                raise answers.conflict(rule)
            _check_labels(rule, kind, metadata)
            (_check_secret if rule.resource == "secrets" else _check_lease)(rule, given, before)
            kept = {key: before["metadata"][key] for key in ("uid", "creationTimestamp")}
            after = copy.deepcopy(given)
            after["metadata"] = {key: value for key, value in {**metadata, **kept}.items() if value}
            return self._store(rule.resource, name, after)

    def create_event(self, rule: Rule, given: Raw) -> Raw:
        """:raises Refused: one of this name is there, or it is invalid"""
        metadata = given.get("metadata") or {}
        named = Rule(rule.namespace, rule.group, rule.resource, rule.verb, metadata.get("name"))
        _check_event(named, given)
        with self.lock:
            if any(each["metadata"]["name"] == named.name for each in self.events):
                raise answers.exists(named)
            made = copy.deepcopy(given)
            made["metadata"] |= {"uid": str(uuid.uuid4()), "resourceVersion": self._next()}
            self.events.append(made)
            return made

    def _existing(self, rule: Rule) -> ObjectName:
        name = ObjectName(rule.namespace, rule.name or "")
        if (rule.resource, name) not in self.objects:
            raise answers.not_found(rule)
        return name

    def _add(self, resource: str, name: ObjectName, parts: Raw) -> Raw:
        version, kind = KINDS[resource]
        metadata = {
            "name": name.name,
            "namespace": name.namespace,
            "uid": str(uuid.uuid4()),
            "creationTimestamp": "2026-01-01T00:00:00Z",
        }
        with self.lock:
            return self._store(
                resource, name, {"apiVersion": version, "kind": kind, "metadata": metadata, **parts}
            )

    def _store(self, resource: str, name: ObjectName, after: Raw) -> Raw:
        """What changes nothing gets no new version, as with the real one."""
        before = self.objects.get((resource, name))
        if before is not None and _but_for_version(before) == _but_for_version(after):
            return copy.deepcopy(before)
        after["metadata"]["resourceVersion"] = self._next()
        self.objects[resource, name] = after
        return copy.deepcopy(after)

    def _next(self) -> str:
        self._version += 1
        return str(self._version)


def _covers(rules: set[Rule], rule: Rule) -> bool:
    anyone = Rule(rule.namespace, rule.group, rule.resource, rule.verb)
    return rule in rules or anyone in rules


def _but_for_version(raw: Raw) -> Raw:
    metadata = {key: value for key, value in raw["metadata"].items() if key != "resourceVersion"}
    return {**raw, "metadata": metadata}


def _check_labels(rule: Rule, kind: str, metadata: Raw) -> None:
    for value in (metadata.get("labels") or {}).values():
        if len(value) > LABEL_MAX or not _LABEL.fullmatch(value):
            raise answers.invalid(
                rule, kind, "metadata.labels", "FieldValueInvalid", f'Invalid value: "{value}"'
            )


def _check_secret(rule: Rule, given: Raw, before: Raw) -> None:
    data = given.get("data") or {}
    size = 0
    for key, text in data.items():
        if not _KEY.fullmatch(key):
            raise answers.invalid(
                rule, "Secret", f"data[{key}]", "FieldValueInvalid", f'Invalid value: "{key}"'
            )
        try:
            size += len(base64.b64decode(text, validate=True))
        except ValueError:
            # As Kubernetes up to 1.22 does, it quotes what it could not read.
            around = json.dumps(data)[:60]
            raise answers.bad_request(
                'Secret in version "v1" cannot be handled as a Secret: v1.Secret.Data: base64Codec: invalid '
                f"input, error found in #10 byte of ...|{around}|..."
            ) from None
    if size > SECRET_MAX_BYTES:
        raise answers.invalid(
            rule, "Secret", "data", "FieldValueTooLong", "Too long: may not be more than 1048576 bytes"
        )
    if given.get("type", "Opaque") != before.get("type", "Opaque"):
        raise answers.invalid(rule, "Secret", "type", "FieldValueInvalid", "field is immutable")
    if before.get("immutable") and (not given.get("immutable") or data != (before.get("data") or {})):
        raise answers.invalid(
            rule, "Secret", "data", "FieldValueForbidden", "field is immutable when `immutable` is set"
        )


def _check_lease(rule: Rule, given: Raw, _before: Raw) -> None:
    spec = given.get("spec") or {}
    for name in ("acquireTime", "renewTime"):
        text = spec.get(name)
        if text is not None and not _MICRO_TIME.fullmatch(text):
            raise answers.bad_request(
                'Lease in version "v1" cannot be handled as a Lease: parsing time '
                f'"\\"{text}\\"" as "\\"2006-01-02T15:04:05.000000Z07:00\\""'
            )
    if spec.get("leaseDurationSeconds", 1) <= 0:
        where = "spec.leaseDurationSeconds"
        raise answers.invalid(rule, "Lease", where, "FieldValueInvalid", "must be greater than 0")
    if spec.get("leaseTransitions", 0) < 0:
        where = "spec.leaseTransitions"
        raise answers.invalid(rule, "Lease", where, "FieldValueInvalid", "must be greater than or equal to 0")


def _check_event(rule: Rule, given: Raw) -> None:
    """As k8s.io/kubernetes, pkg/apis/core/validation/events.go."""
    metadata, regarding = given.get("metadata") or {}, given.get("regarding") or {}
    wrong = [
        name
        for name in ("reportingController", "reportingInstance", "action", "reason")
        if not given.get(name)
    ]
    wrong += [name for name in ("reportingInstance", "action", "reason") if len(given.get(name) or "") > 128]
    if not _MICRO_TIME.fullmatch(given.get("eventTime") or ""):
        wrong.append("eventTime")
    if given.get("type") not in ("Normal", "Warning"):
        wrong.append("type")
    if regarding.get("namespace") != rule.namespace or metadata.get("namespace") != rule.namespace:
        wrong.append("involvedObject.namespace")
    if len((given.get("note") or "").encode()) > NOTE_MAX_BYTES:
        wrong.append("message")
    if not rule.name or len(rule.name) > 253:
        wrong.append("metadata.name")
    if wrong:
        raise answers.invalid(rule, "Event", wrong[0], "FieldValueInvalid", "it is wrong")

"""Answers of the API server that are no objects: its `Status`, in its words (k8s.io/apimachinery, errors)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sidecar.core.kubernetes.objects import Rule


@dataclass
class Refused(Exception):
    """Raised by the store; the server answers with it."""

    code: int
    reason: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> dict[str, Any]:
        """The answer's JSON."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }


def unauthorized() -> Refused:
    """No token, or one that is not valid any more."""
    return Refused(401, "Unauthorized", "Unauthorized")


def forbidden(rule: Rule, user: str) -> Refused:
    """RBAC."""
    what = _qualified(rule) + (f' "{rule.name}"' if rule.name else "")
    return Refused(
        403,
        "Forbidden",
        f'{what} is forbidden: User "{user}" cannot {rule.verb} resource "{rule.resource}" in API group '
        f'"{rule.group}" in the namespace "{rule.namespace}"',
        _details(rule),
    )


def not_found(rule: Rule) -> Refused:
    """The object; without a name it is the path."""
    if rule.name is None:
        return Refused(404, "NotFound", "the server could not find the requested resource")
    return Refused(404, "NotFound", f'{_qualified(rule)} "{rule.name}" not found', _details(rule))


def conflict(rule: Rule) -> Refused:
    """A stale `resourceVersion`."""
    return Refused(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {_qualified(rule)} "{rule.name}": the object has been modified; '
        "please apply your changes to the latest version and try again",
        _details(rule),
    )


def exists(rule: Rule) -> Refused:
    """A second object of one name."""
    return Refused(409, "AlreadyExists", f'{_qualified(rule)} "{rule.name}" already exists', _details(rule))


def invalid(rule: Rule, kind: str, where: str, reason: str, message: str) -> Refused:
    """A field that the server does not take."""
    details = _details(rule) | {
        "kind": kind,
        "causes": [{"reason": reason, "message": message, "field": where}],
    }
    return Refused(422, "Invalid", f'{kind} "{rule.name}" is invalid: {where}: {message}', details)


def bad_request(message: str) -> Refused:
    """What the server cannot read."""
    return Refused(400, "BadRequest", message)


def _qualified(rule: Rule) -> str:
    return f"{rule.resource}.{rule.group}" if rule.group else rule.resource


def _details(rule: Rule) -> dict[str, Any]:
    group = {"group": rule.group} if rule.group else {}
    return ({"name": rule.name} if rule.name else {}) | group | {"kind": rule.resource}

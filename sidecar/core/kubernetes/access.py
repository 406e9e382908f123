"""What a 403 of the API server says: whether RBAC lacks a rule, which, and for whom."""

from __future__ import annotations

import base64
import json
import re

from sidecar.core.kubernetes.objects import Rule
from sidecar.core.kubernetes.rules import as_commands, as_yaml, grants, whole

_ACCOUNT = re.compile(r'User "system:serviceaccount:([^":\s]{1,63}):([^":\s]{1,253})"')
_SUBJECT = re.compile(r"system:serviceaccount:([a-z0-9-]{1,63}):([a-z0-9.-]{1,253})")
_LACKS = re.compile(r'" cannot [a-z]+ resource ')


def how_to_allow(rule: Rule, said: str = "") -> str:
    """The advice for an administrator. `said` are the words of the API server, which name the user."""
    found = _ACCOUNT.search(said)
    who = f"ServiceAccount {found[2]} of namespace {found[1]}" if found else "the pod's ServiceAccount"
    (grant,) = map(whole, grants([rule]))
    commands = as_commands(grant, account=f"{found[1]}:{found[2]}") if found else as_commands(grant)
    return (
        f"Bind {who} to a Role in namespace {rule.namespace} that has - {as_yaml(grant)}, as k8s/shared does "
        f"where it is applied and its RoleBinding names that namespace, or with: {commands}"
    )


def account_in(token: str) -> str | None:
    """`namespace:name` of the ServiceAccount whose token it is, as `kubectl create rolebinding` takes it."""
    try:
        payload = token.split(".")[1]
        subject = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]
    except (ValueError, LookupError, TypeError):
        return None
    found = _SUBJECT.fullmatch(subject) if isinstance(subject, str) else None
    return f"{found[1]}:{found[2]}" if found else None


def lacks_a_rule(said: str) -> bool:
    """Whether it is RBAC's, and not an admission policy's or a quota's. The words are those of
    k8s.io/apiserver, handlers/responsewriters `ForbiddenStatusError`.
    """
    return _LACKS.search(said) is not None

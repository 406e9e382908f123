"""What a 403 of the API server says: whether RBAC lacks a rule, which, and for whom."""

from __future__ import annotations

import re

from sidecar.core.kubernetes.objects import Rule
from sidecar.core.kubernetes.rules import as_commands, as_yaml, grants

_ACCOUNT = re.compile(r'User "system:serviceaccount:([^":\s]{1,63}):([^":\s]{1,253})"')
_LACKS = re.compile(r'" cannot [a-z]+ resource ')


def how_to_allow(rule: Rule, said: str = "") -> str:
    """The advice for an administrator. `said` are the words of the API server, which name the user."""
    found = _ACCOUNT.search(said)
    who = f"ServiceAccount {found[2]} of namespace {found[1]}" if found else "the pod's ServiceAccount"
    (grant,) = grants([rule])
    commands = as_commands(grant, account=f"{found[1]}:{found[2]}") if found else as_commands(grant)
    return (
        f"Bind {who} to a Role in namespace {rule.namespace} that has - {as_yaml(grant)}, such as with: "
        f"{commands}"
    )


def lacks_a_rule(said: str) -> bool:
    """Whether it is RBAC's, and not an admission policy's or a quota's. The words are those of
    k8s.io/apiserver, handlers/responsewriters `ForbiddenStatusError`.
    """
    return _LACKS.search(said) is not None

"""What a Role has to allow, as a person would write it, and who lacks it."""

from __future__ import annotations

import re

from sidecar.core.kubernetes.objects import Rule

_ACCOUNT = re.compile(r'User "system:serviceaccount:([^":\s]{1,63}):([^":\s]{1,253})"')
_LACKS = re.compile(r'" cannot [a-z]+ resource ')


def entry(rule: Rule) -> str:
    """The line of a Role that allows it."""
    group = rule.group or '""'
    named = f"resourceNames: [{rule.name}], " if rule.name else ""
    return f"- {{apiGroups: [{group}], resources: [{rule.resource}], {named}verbs: [{rule.verb}]}}"


def how_to_allow(rule: Rule, said: str = "") -> str:
    """The advice for an administrator. `said` are the words of the API server, which name the user."""
    found = _ACCOUNT.search(said)
    who = f"ServiceAccount {found[2]} of namespace {found[1]}" if found else "the pod's ServiceAccount"
    return f"Bind {who} to a Role in namespace {rule.namespace} with: {entry(rule)}"


def lacks_a_rule(said: str) -> bool:
    """Whether a 403 is RBAC's, and not an admission policy's or a quota's. The words are those of
    k8s.io/apiserver, handlers/responsewriters `ForbiddenStatusError`.
    """
    return _LACKS.search(said) is not None

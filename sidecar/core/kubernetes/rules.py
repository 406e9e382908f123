"""What RBAC has to allow to the sidecar, and what it should not allow: one list, for the Role of k8s/shared,
for `doctor` and for the advice in the log.

Nothing is patched and nothing but Events is created: a Secret that can be created can be one that holds the
token of another ServiceAccount, and `create` cannot be limited to a name (kubernetes.io, "Using RBAC
Authorization").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sidecar.core.kubernetes.names import ObjectName, Pod
from sidecar.core.kubernetes.objects import Rule

SECRETS, LEASES, EVENTS = ("", "secrets"), ("coordination.k8s.io", "leases"), ("events.k8s.io", "events")
"""API group and resource."""

OTHER_NAME = "no-secret-of-the-entra-sidecar"
"""Whoever may read it may read every Secret of the namespace."""


NOBODY = "NAMESPACE:SERVICEACCOUNT"
"""For whoever pastes it to fill in."""


@dataclass(frozen=True)
class Grant:
    """Rules for one object in one line of a Role; `name` None: for all of the namespace."""

    namespace: str
    group: str
    resource: str
    name: str | None
    verbs: tuple[str, ...]


def rules_needed(
    *, publish: Sequence[ObjectName], state: ObjectName | None, pod: Pod | None
) -> tuple[Rule, ...]:
    """For SIDECAR_PUBLISH_SECRET, SIDECAR_STATE_SECRET (and its Lease) and SIDECAR_POD, in this order."""
    secrets = [*publish, *([state] if state else [])]
    needed = [_named(SECRETS, name, verb) for name in secrets for verb in ("get", "update")]
    if state is not None:
        needed += [_named(LEASES, state, verb) for verb in ("get", "update")]
    if pod is not None:
        needed.append(Rule(pod.namespace, *EVENTS, verb="create"))
    return tuple(dict.fromkeys(needed))


def rules_unwanted(*, publish: Sequence[ObjectName], state: ObjectName | None) -> tuple[Rule, ...]:
    """What would make more of a breach than the shipped Roles do, by namespace of a Secret of ours."""
    secrets = [*publish, *([state] if state else [])]
    return tuple(
        Rule(namespace, *SECRETS, verb=verb, name=name)
        for namespace in dict.fromkeys(each.namespace for each in secrets)
        for verb, name in (("create", None), ("list", None), ("get", OTHER_NAME))
    )


def grants(rules: Iterable[Rule]) -> tuple[Grant, ...]:
    """The same with the verbs for one object together."""
    verbs: dict[tuple[str, str, str, str | None], list[str]] = {}
    for rule in rules:
        verbs.setdefault((rule.namespace, rule.group, rule.resource, rule.name), []).append(rule.verb)
    return tuple(Grant(*what, verbs=tuple(found)) for what, found in verbs.items())


def whole(grant: Grant) -> Grant:
    """With every verb that its object needs: who adds one after the other finds the Role there already."""
    return replace(grant, verbs=("create",) if (grant.group, grant.resource) == EVENTS else ("get", "update"))


def as_yaml(grant: Grant) -> str:
    """One entry below `rules:` of a Role, in one line."""
    name = f"resourceNames: [{grant.name}], " if grant.name else ""
    group = grant.group or '""'
    return f"{{apiGroups: [{group}], resources: [{grant.resource}], {name}verbs: [{', '.join(grant.verbs)}]}}"


def as_commands(grant: Grant, *, account: str = NOBODY) -> str:
    """What an administrator types to allow it to the ServiceAccount, as `namespace:name`."""
    role = "-".join(["entra-sidecar", grant.resource, *([grant.name] if grant.name else [])])
    resource = f"{grant.resource}.{grant.group}" if grant.group else grant.resource
    name = f" --resource-name={grant.name}" if grant.name else ""
    return (
        f"kubectl -n {grant.namespace} create role {role} --verb={','.join(grant.verbs)} "
        f"--resource={resource}{name} && kubectl -n {grant.namespace} create rolebinding {role} "
        f"--role={role} --serviceaccount={account}"
    )


def in_words(rule: Rule) -> str:
    """create secrets in apps; get of any Secret in apps."""
    what = "any of the " + rule.resource if rule.name == OTHER_NAME else rule.resource
    name = f" {rule.name}" if rule.name and rule.name != OTHER_NAME else ""
    return f"{rule.verb} {what}{name} in {rule.namespace}"


def _named(kind: tuple[str, str], name: ObjectName, verb: str) -> Rule:
    return Rule(name.namespace, *kind, verb=verb, name=name.name)

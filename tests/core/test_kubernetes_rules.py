"""What RBAC has to allow, and what not."""

from __future__ import annotations

import yaml

from sidecar.core.kubernetes.names import ObjectName, Pod
from sidecar.core.kubernetes.objects import Rule
from sidecar.core.kubernetes.rules import (
    as_commands,
    as_yaml,
    grants,
    in_words,
    rules_needed,
    rules_unwanted,
)

TOKEN, STATE = ObjectName("apps", "entra-token"), ObjectName("entra", "entra-state")
POD = Pod("entra", "entra-shared-0", "uid")


def test_each_object_needs_two_verbs_by_its_name_and_events_are_created() -> None:
    """Neither patch nor create of a Secret; the Lease has the state Secret's name."""
    assert [as_yaml(grant) for grant in grants(rules_needed(publish=(TOKEN,), state=STATE, pod=POD))] == [
        '{apiGroups: [""], resources: [secrets], resourceNames: [entra-token], verbs: [get, update]}',
        '{apiGroups: [""], resources: [secrets], resourceNames: [entra-state], verbs: [get, update]}',
        "{apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [entra-state], "
        "verbs: [get, update]}",
        "{apiGroups: [events.k8s.io], resources: [events], verbs: [create]}",
    ]


def test_nothing_is_needed_for_what_is_not_set() -> None:
    """A sidecar that shows its prompt as an Event needs that one rule."""
    assert rules_needed(publish=(), state=None, pod=None) == ()
    assert rules_needed(publish=(), state=None, pod=POD) == (
        Rule("entra", "events.k8s.io", "events", "create"),
    )


def test_line_of_a_role_is_yaml() -> None:
    """To be pasted below `rules:`."""
    (grant,) = grants(
        [Rule("apps", "", "secrets", "get", "a.b-c"), Rule("apps", "", "secrets", "update", "a.b-c")]
    )
    assert yaml.safe_load(as_yaml(grant)) == {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": ["a.b-c"],
        "verbs": ["get", "update"],
    }


def test_administrator_is_given_commands() -> None:
    """In the object's namespace, for the ServiceAccount of another one."""
    lease, event = grants(rules_needed(publish=(), state=STATE, pod=POD))[1:]
    assert as_commands(lease, account="entra:entra-shared") == (
        "kubectl -n entra create role entra-sidecar-leases-entra-state --verb=get,update "
        "--resource=leases.coordination.k8s.io --resource-name=entra-state && "
        "kubectl -n entra create rolebinding entra-sidecar-leases-entra-state "
        "--role=entra-sidecar-leases-entra-state --serviceaccount=entra:entra-shared"
    )
    assert "--verb=create --resource=events.events.k8s.io &&" in as_commands(event)


def test_wider_rights_are_looked_for_in_every_namespace_with_a_secret() -> None:
    """And none of them is one that is needed."""
    unwanted = rules_unwanted(publish=(TOKEN, ObjectName("apps", "second")), state=STATE)
    assert [in_words(rule) for rule in unwanted] == [
        "create secrets in apps",
        "list secrets in apps",
        "get any of the secrets in apps",
        "create secrets in entra",
        "list secrets in entra",
        "get any of the secrets in entra",
    ]
    assert not set(unwanted) & set(rules_needed(publish=(TOKEN,), state=STATE, pod=POD))

"""What `doctor` thinks of what it finds at the Kubernetes API."""

from __future__ import annotations

from sidecar.core.account import Account
from sidecar.core.checkup import CHECKS, Check, Outcome, words
from sidecar.core.kubernetes.judgement import (
    Found,
    expiries_of,
    judge_lease,
    judge_owner,
    judge_rules,
    judge_state,
    judge_token_secret,
    judge_unwanted,
    together,
)
from sidecar.core.kubernetes.names import ObjectName, Pod
from sidecar.core.kubernetes.objects import Lease, Secret
from sidecar.core.kubernetes.rules import rules_needed, rules_unwanted
from sidecar.core.kubernetes.token_secret import OWNER

TOKEN, STATE = ObjectName("apps", "entra-token"), ObjectName("entra", "entra-state")
NEEDED = rules_needed(publish=(TOKEN,), state=STATE, pod=Pod("entra", "shared-0", "uid"))
UNWANTED = rules_unwanted(publish=(TOKEN,), state=None)
ALICE = Account("alice@contoso.example", "oid", "tid", "home")


def outcome(check: Check | Found) -> str:
    """In one word, after a look at what holds for every check."""
    if isinstance(check, Check):
        assert check.name in CHECKS
    assert bool(check.fix) is (check.outcome in (Outcome.WARN, Outcome.FAIL))
    return check.outcome.value


def test_rules_that_are_all_there_pass() -> None:
    """With their number."""
    check = judge_rules(NEEDED, [])
    assert (outcome(check), check.seen) == ("pass", "all 7 are there")


def test_missing_rule_is_told_as_a_line_of_a_role_and_as_a_command() -> None:
    """By namespace, verbs of one object together; both can be copied."""
    check = judge_rules(NEEDED, [rule for rule in NEEDED if rule.name])
    assert outcome(check) == "fail"
    for line in (
        'missing in apps: {apiGroups: [""], resources: [secrets], resourceNames: [entra-token], '
        "verbs: [get, update]};",
        "missing in entra: {apiGroups",
        "resources: [leases], resourceNames: [entra-state], verbs: [get, update]}",
    ):
        assert line in check.seen
    assert (
        "kubectl -n apps create role entra-sidecar-secrets-entra-token --verb=get,update" in check.commands[0]
    )
    assert "kubectl -n entra create rolebinding entra-sidecar-leases-entra-state" in check.commands[-1]
    assert len(words(check).splitlines()) > 2


def test_commands_allow_all_that_an_object_needs_to_whoever_needs_it() -> None:
    """Whoever has run those for one verb has the Role already when the next one turns out to be missing."""
    missing = [rule for rule in NEEDED if rule.verb == "update" and rule.namespace == "apps"]
    check = judge_rules(NEEDED, missing, "entra:entra-shared")
    assert "verbs: [update]}" in check.seen
    assert "--verb=get,update --resource=secrets --resource-name=entra-token" in check.commands[0]
    assert check.commands[0].endswith("--serviceaccount=entra:entra-shared")


def test_missing_events_alone_keep_nobody_from_starting() -> None:
    """The prompt stands in the log."""
    assert outcome(judge_rules(NEEDED, [rule for rule in NEEDED if rule.resource == "events"])) == "warn"
    assert outcome(judge_rules(NEEDED, [NEEDED[0], NEEDED[-1]])) == "fail"


def test_what_should_not_be_allowed_is_a_warning() -> None:
    """Each by name; where nothing of it is allowed all is as shipped."""
    assert outcome(judge_unwanted(UNWANTED, [])) == "pass"
    assert outcome(judge_unwanted([], [])) == "skip"
    check = judge_unwanted(UNWANTED, UNWANTED[:2])
    assert (outcome(check), check.seen) == (
        "warn",
        "the ServiceAccount may: create secrets in apps, list secrets in apps",
    )


def test_state_names_who_is_signed_in() -> None:
    """An empty cache is no trouble: nobody has signed in yet, or not any more."""
    (found,) = judge_state(STATE, ALICE, {"": 3600}, carried=True)
    assert (outcome(found), found.seen) == (
        "pass",
        "entra/entra-state opens with the key; alice@contoso.example is signed in",
    )
    (found,) = judge_state(STATE, None, {}, carried=True)
    assert found.seen.endswith("nobody is signed in")


def test_life_that_the_kubelet_uses_up_is_a_warning() -> None:
    """It may take 90 s; where no Secret is mounted nobody has to carry anything."""
    found = judge_state(STATE, ALICE, {"": 3600, "graph": 440}, carried=True)
    assert [outcome(each) for each in found] == ["pass", "warn"]
    assert found[1].seen == "too short a life to be carried by the kubelet: graph"
    assert len(judge_state(STATE, ALICE, {"graph": 450}, carried=True)) == 1
    assert len(judge_state(STATE, ALICE, {"graph": 440}, carried=False)) == 1


def test_lease_is_free_or_names_its_holder() -> None:
    """Neither is a fault."""
    assert judge_lease(Lease(STATE, "1")).seen == "its Lease is free"
    assert judge_lease(Lease(STATE, "1", holder="shared-1")).seen == "its Lease is held by shared-1"


def test_secret_of_another_sidecar_fails_with_the_command_that_frees_it() -> None:
    """One that nobody has claimed is as good as ours."""
    assert judge_owner(Secret(TOKEN, "1"), "us") is None
    assert judge_owner(Secret(TOKEN, "1", annotations={OWNER: "us"}), "us") is None
    found = judge_owner(Secret(TOKEN, "1", annotations={OWNER: "state of other/entra-state"}), "us")
    assert found is not None
    assert (outcome(found), found.seen) == (
        "fail",
        "apps/entra-token belongs to another sidecar (state of other/entra-state)",
    )
    assert found.commands[0].endswith(
        "annotate secret --namespace apps entra-token entra-token-sidecar/owner-"
    )


def test_token_secret_that_apps_could_not_use_fails() -> None:
    """Each token with the life that is left; an empty Secret waits for the first sign-in."""
    assert outcome(judge_token_secret(TOKEN, {})) == "pass"
    live = judge_token_secret(TOKEN, {"": 3000, "graph": 600})
    assert (outcome(live), live.seen) == ("pass", "apps/entra-token: token 50 min left, graph 10 min left")
    ended = judge_token_secret(TOKEN, {"": 3000, "graph": -60})
    assert (outcome(ended), ended.seen.endswith("graph expired 60 s ago")) == ("fail", True)


def test_expiries_are_read_from_the_files_for_shells() -> None:
    """What somebody has put there beside them, or in their place, is left out; so is what was taken back."""
    data = {
        "token": b"secret",
        "expires_on": b"1700000000\n",
        "graph.expires_on": b"1700000600\n",
        "arm.expires_on": b"0\n",
        ".expires_on": b"5\n",
        "odd.expires_on": "١٢".encode(),
        "long.expires_on": b"9" * 4000,
        "expires_on.bak": b"7",
    }
    assert expiries_of(data) == {"": 1_700_000_000, "graph": 1_700_000_600}


def test_worst_of_several_counts_and_all_is_said() -> None:
    """The same fix is given once."""
    found = [
        Found(Outcome.PASS, "a"),
        Found(Outcome.FAIL, "b", "Mend."),
        Found(Outcome.WARN, "c", "Look."),
        Found(Outcome.FAIL, "d", "Mend."),
    ]
    assert together("token_secrets", found) == Check(
        "token_secrets", Outcome.FAIL, "a; b; c; d", "Mend. Look."
    )

"""What `doctor` thinks of what it found at the Kubernetes API: pure, one function a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sidecar.core.account import Account
from sidecar.core.checkup import Check, Outcome
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Lease, Rule, Secret
from sidecar.core.kubernetes.rules import EVENTS, NOBODY, as_commands, as_yaml, grants, in_words, whole
from sidecar.core.kubernetes.token_secret import OWNER
from sidecar.core.printable import printable
from sidecar.core.schedule import CARRY_SECONDS, CARRY_SHARE
from sidecar.core.time_words import span

_WEIGHT = (Outcome.SKIP, Outcome.PASS, Outcome.WARN, Outcome.FAIL)


@dataclass(frozen=True)
class Found:
    """One object, or one side of it."""

    outcome: Outcome
    seen: str
    fix: str = ""
    commands: tuple[str, ...] = ()


def together(name: str, found: Sequence[Found]) -> Check:
    """One check of several: the worst counts, and everything is said."""
    worst = max((each.outcome for each in found), key=_WEIGHT.index)
    fixes = dict.fromkeys(each.fix for each in found if each.fix)
    return Check(
        name,
        worst,
        "; ".join(each.seen for each in found),
        " ".join(fixes),
        tuple(dict.fromkeys(command for each in found for command in each.commands)),
    )


def judge_rules(needed: Sequence[Rule], missing: Sequence[Rule], account: str | None = None) -> Check:
    """Without the Events alone, everything else goes on: the prompt is in the log. `account` is who needs
    them, as `namespace:name`.
    """
    if not missing:
        count = len(needed)
        return Check("cluster_rules", Outcome.PASS, f"all {count} are there" if count > 1 else "it is there")
    lacking = grants(missing)
    by_namespace: dict[str, list[str]] = {}
    for grant in lacking:
        by_namespace.setdefault(grant.namespace, []).append(as_yaml(grant))
    seen = "; ".join(f"missing in {where}: {' '.join(lines)}" for where, lines in by_namespace.items())
    only_events = all((rule.group, rule.resource) == EVENTS for rule in missing)
    who = f"ServiceAccount {account}" if account else "the pod's ServiceAccount"
    return Check(
        "cluster_rules",
        Outcome.WARN if only_events else Outcome.FAIL,
        seen,
        f"Bind it to {who} with the Role that the manifests ship, or:",
        tuple(as_commands(whole(each), account=account or NOBODY) for each in lacking),
    )


def judge_unwanted(asked: Sequence[Rule], allowed: Sequence[Rule]) -> Check:
    """Who breaks into the pod has these rights too."""
    if not asked:
        return Check("cluster_excess", Outcome.SKIP, "neither Secret is set")
    if not allowed:
        seen = "no Secret can be created or listed, and none but the own ones be read"
        return Check("cluster_excess", Outcome.PASS, seen)
    return Check(
        "cluster_excess",
        Outcome.WARN,
        f"the ServiceAccount may: {', '.join(map(in_words, allowed))}",
        "Take it away: nothing here needs it, and whoever breaks into the pod would have other Secrets too. "
        "`kubectl get rolebindings,clusterrolebindings -A -o wide` shows what binds it.",
    )


def judge_state(
    name: ObjectName, account: Account | None, lives: Mapping[str, int], *, carried: bool
) -> list[Found]:
    """A state Secret that could be opened. `lives` are those of its tokens, from issue to expiry; `carried`:
    the kubelet brings them to apps.
    """
    who = f"{account.name} is signed in" if account else "nobody is signed in"
    found = [Found(Outcome.PASS, f"{name} opens with the key; {who}")]
    short = [each or "token" for each, life in lives.items() if life * CARRY_SHARE < CARRY_SECONDS]
    if short and carried:
        found.append(
            Found(
                Outcome.WARN,
                f"too short a life to be carried by the kubelet: {', '.join(short)}",
                f"Apps see an update up to {CARRY_SECONDS} s late. Have the tenant give longer lives, or "
                "use a sidecar in each pod.",
            )
        )
    return found


def judge_lease(lease: Lease) -> Found:
    """Whoever holds it is at work; whether they still live is for the next turn to find out."""
    return Found(
        Outcome.PASS,
        f"its Lease is held by {printable(lease.holder, 100)}" if lease.holder else "its Lease is free",
    )


def judge_owner(secret: Secret, owner: str) -> Found | None:
    """A Secret that another sidecar has claimed is never written; None if it is free or ours."""
    other = secret.annotations.get(OWNER, owner)
    if other == owner:
        return None
    name = secret.name
    return Found(
        Outcome.FAIL,
        f"{name} belongs to another sidecar ({printable(other, 200)})",
        "Name another Secret. If that sidecar is no more, or is this one with other settings, set it free:",
        (f"kubectl annotate secret --namespace {name.namespace} {name.name} {OWNER}-",),
    )


def judge_token_secret(name: ObjectName, lives: Mapping[str, int]) -> Found:
    """`lives` are the seconds that are left to each token in it; empty before the first sign-in, and after
    the tokens were taken back.
    """
    if not lives:
        return Found(Outcome.PASS, f"{name} is there, and no token is in it")
    told = ", ".join(
        f"{each or 'token'} {span(left) + ' left' if left > 0 else 'expired ' + span(left) + ' ago'}"
        for each, left in lives.items()
    )
    if any(left <= 0 for left in lives.values()):
        return Found(
            Outcome.FAIL, f"{name}: {told}", "`status` and the log say why it was not renewed or not written."
        )
    return Found(Outcome.PASS, f"{name}: {told}")


def expiries_of(data: Mapping[str, bytes]) -> dict[str, int]:
    """By token name, what a token Secret says for shells: `expires_on`, `graph.expires_on`. It says 0 of a
    token that was taken back.
    """
    found = {}
    for key, text in data.items():
        name, dot, file = key.rpartition(".")
        if file == "expires_on" and bool(dot) is bool(name) and text.strip().isdigit() and len(text) <= 12:
            found[name] = int(text)
    return {name: expires_on for name, expires_on in found.items() if expires_on > 0}

"""What an answer of the API server that is not 2xx means: a failure by its name, with what helps.

The words of the server are shown, since they name the user and the reason; but never those that may quote
what was sent (400: older servers cite the body around a mistake), nor any in which a part of a Secret's
values is found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sidecar.core.kubernetes.access import how_to_allow, lacks_a_rule
from sidecar.core.kubernetes.objects import Rule
from sidecar.core.printable import printable
from sidecar.errors import (
    ClusterBusy,
    ClusterConflict,
    ClusterError,
    ClusterForbidden,
    ClusterRefused,
    ClusterUnreachable,
    ObjectMissing,
)

ADMINISTRATOR_SECONDS = 60
"""What a person has to mend is asked for more slowly."""

RETRY_AFTER_MAX_SECONDS = 3600
SAID_MAX = 300
_QUOTED_LENGTH = 8

_SOMEBODY_ELSE = "A proxy or load balancer may be answering in the place of the API server."


def refusal(
    status: int,
    content: object,
    rule: Rule,
    *,
    retry_after: int | None = None,
    sent: Collection[str] = (),
) -> ClusterError:
    """`content` is the answer's JSON, None if it is none; `rule` what was asked; `sent` are texts that no log
    may show.
    """
    answer: Mapping[str, Any] = content if isinstance(content, dict) else {}
    said = _words(answer, status, sent)
    what = subject(rule)
    told = f"the Kubernetes API answered {status}, asked to {rule.verb} {what}" + (
        f": {said}" if said else ""
    )
    if status == 429 or status >= 500:
        busy = ClusterBusy(
            told,
            advice="It passes by itself, and is tried again.",
            cause=f"http {status}",
        )
        return paused(busy, retry_after)
    if not isinstance(content, dict) or status < 400:
        return ClusterUnreachable(
            f"the Kubernetes API answered {status} with something of somebody else's, asked to "
            f"{rule.verb} {what}",
            advice=f"{_SOMEBODY_ELSE} Check KUBERNETES_SERVICE_HOST and the pod's network.",
            cause=f"http {status}",
        )
    if status == 401:
        return paused(not_accepted(rule), ADMINISTRATOR_SECONDS)
    if status == 403:
        return paused(_forbidden(rule, told, said), ADMINISTRATOR_SECONDS)
    if status == 404:
        return paused(_missing(rule, answer), ADMINISTRATOR_SECONDS)
    if status in (409, 410):
        return ClusterConflict(
            told, advice="Somebody else has written it; it is read and tried again.", cause=f"http {status}"
        )
    return paused(
        ClusterRefused(
            told + _fields_of(answer, sent),
            advice="A Secret takes 1 MiB in all, and no change if it is `immutable`. Anything else is worth "
            "a report.",
            cause=f"http {status}",
        ),
        ADMINISTRATOR_SECONDS,
    )


def paused(error: ClusterError, seconds: int | None) -> ClusterError:
    """The same, tried again after `seconds` within bounds."""
    if seconds is not None:
        error.pause_seconds = min(max(seconds, 1), RETRY_AFTER_MAX_SECONDS)
    return error


def not_accepted(rule: Rule) -> ClusterForbidden:
    """401: whoever reads the file anew has done so by now."""
    return ClusterForbidden(
        f"the Kubernetes API does not accept the ServiceAccount's token (401, asked to {rule.verb} "
        f"{subject(rule)})",
        advice="SIDECAR_SERVICE_ACCOUNT_DIR has to be the mounted token of this pod, of a ServiceAccount "
        "that was not deleted and made again since the pod started. The file is read again with every try.",
        cause="http 401",
    )


def subject(rule: Rule) -> str:
    """What it is about, such as `secrets apps/entra-token`."""
    return (
        f"{rule.resource} {rule.namespace}/{rule.name}"
        if rule.name
        else f"{rule.resource} in {rule.namespace}"
    )


def _forbidden(rule: Rule, told: str, said: str) -> ClusterForbidden:
    if said and not lacks_a_rule(said):
        advice = "An admission policy, a quota or the end of the namespace forbids it, not the Role."
    else:
        advice = f"{how_to_allow(rule, said)}. It is tried again."
    return ClusterForbidden(told, advice=advice, cause="http 403")


def _missing(rule: Rule, answer: Mapping[str, Any]) -> ObjectMissing:
    details = answer.get("details")
    named = isinstance(details, dict) and details.get("name") == rule.name
    if rule.name and named:
        return ObjectMissing(
            f"{subject(rule)} is not there",
            advice="This program may not make it: `kubectl apply` the manifest that does (docs/shared.md). "
            "What was in it is written again.",
            cause="http 404",
        )
    return ObjectMissing(
        f"the Kubernetes API answered 404, asked to {rule.verb} {subject(rule)}: the namespace is not there, "
        f"or the server does not know API group {rule.group or 'core'}",
        advice="Check the namespace; Kubernetes 1.20 and newer know all that is asked for.",
        cause="http 404",
    )


def _words(answer: Mapping[str, Any], status: int, sent: Collection[str]) -> str:
    if status in (400, 415, 422):
        return ""
    said = printable(answer.get("message"), SAID_MAX)
    return "" if _quotes(said, sent) else said


def _fields_of(answer: Mapping[str, Any], sent: Collection[str]) -> str:
    """Which fields were refused and why, in the server's constants."""
    details = answer.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    found = [cause for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []
    parts = [f"{printable(each.get('field'), 60)}: {printable(each.get('reason'), 40)}" for each in found[:3]]
    reason = printable(answer.get("reason"), 40)
    told = ", ".join([part for part in (reason, *parts) if part])
    return f" ({told})" if told and not _quotes(told, sent) else ""


def _quotes(said: str, sent: Collection[str]) -> bool:
    """Whether any part of what was sent is in it."""
    parts = {said[at : at + _QUOTED_LENGTH] for at in range(len(said) - _QUOTED_LENGTH + 1)}
    return any(part in text for text in sent for part in parts)

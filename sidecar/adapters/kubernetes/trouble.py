"""Failures of the client as what they mean."""

from __future__ import annotations

import ssl
import time
from collections.abc import Collection, Iterator

import httpx2
from lightkube.core.exceptions import ConfigError

from sidecar.core.kubernetes import refusals
from sidecar.core.kubernetes.objects import Rule
from sidecar.core.printable import printable
from sidecar.core.retry_after import retry_after_seconds
from sidecar.errors import ClusterError, ClusterForbidden, ClusterUnreachable

_NETWORK_ADVICE = (
    "Check that a NetworkPolicy lets this pod reach the API server (both the Service and its endpoints), and "
    "that the server is up. Nothing is lost; it is tried again."
)


class Unreadable(Exception):
    """A file of the ServiceAccount."""


def meaning(error: Exception, rule: Rule, *, server: str, sent: Collection[str] = ()) -> ClusterError:
    """What `error` says of the request for `rule`, whose body held the texts `sent`."""
    causes = list(_chain(error))
    for each in causes:
        if isinstance(each, httpx2.HTTPStatusError):
            return _refused(each.response, rule, sent)
    for each in causes:
        if isinstance(each, ssl.SSLCertVerificationError):
            return ClusterUnreachable(
                f"the certificate of the API server {server} is not trusted: {each.verify_message}",
                advice="Trusted is ca.crt in SIDECAR_SERVICE_ACCOUNT_DIR and nothing else: it has to be the "
                "cluster's own, and the certificate has to name KUBERNETES_SERVICE_HOST.",
                cause="tls",
            )
    # What we send is made here, but for the ServiceAccount's token; the words of the error quote it.
    if isinstance(error, Unreadable | ConfigError | httpx2.LocalProtocolError):
        return refusals.paused(
            ClusterForbidden(
                "the ServiceAccount's token and ca.crt cannot be read, or used",
                advice="Are they mounted (automountServiceAccountToken: true), and readable to this user "
                "(fsGroup)? SIDECAR_SERVICE_ACCOUNT_DIR says where.",
                cause="no ServiceAccount",
            ),
            refusals.ADMINISTRATOR_SECONDS,
        )
    if isinstance(error, httpx2.TimeoutException):
        return _unreachable(f"no answer from the API server {server} in time", rule, "time-out")
    if isinstance(error, httpx2.TransportError | OSError):
        reasons = [each for each in causes if isinstance(each, OSError) and each.strerror]
        said = reasons[-1].strerror if reasons else _without_quotation(error)
        return _unreachable(f"no answer from the API server {server}: {said}", rule, type(error).__name__)
    return ClusterUnreachable(
        f"{server} answered something that is not Kubernetes' ({type(error).__name__}), asked to {rule.verb} "
        f"{refusals.subject(rule)}",
        advice="A proxy or load balancer may be answering in the place of the API server: check "
        "KUBERNETES_SERVICE_HOST and the pod's network.",
        cause="not the API server",
    )


def _without_quotation(error: Exception) -> str:
    """Its words without those of the answer, which may be what was asked: h11 quotes after a colon."""
    said = printable(str(error).partition(":")[0], 100)
    return type(error).__name__ if not said or {"'", '"'} & {*said} else said


def _refused(response: httpx2.Response, rule: Rule, sent: Collection[str]) -> ClusterError:
    try:
        content = response.json()
    except (ValueError, RecursionError, httpx2.HTTPError, httpx2.StreamError):
        content = None
    retry_after = retry_after_seconds(response.headers.get("Retry-After"), now=time.time())
    return refusals.refusal(response.status_code, content, rule, retry_after=retry_after, sent=sent)


def _unreachable(message: str, rule: Rule, cause: str) -> ClusterUnreachable:
    return ClusterUnreachable(
        f"{message}, asked to {rule.verb} {refusals.subject(rule)}", advice=_NETWORK_ADVICE, cause=cause
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came of: lightkube fails on some answers while it makes an error of them."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__

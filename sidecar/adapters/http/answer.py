"""What came of a request: an answer for MSAL, or a failure by its name.

MSAL keeps 429 and 5xx answers in memory for a minute instead of asking again; so these are raised here,
with their Retry-After. Whatever is not a JSON object is raised too: MSAL would log the body.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
import urllib.error
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.core.printable import printable
from sidecar.core.retry_after import instant_of, retry_after_seconds
from sidecar.core.time_words import utc_date
from sidecar.errors import AuthorityBusy, AuthorityUnreachable, AuthorityUntrusted, SidecarError


@dataclass(frozen=True)
class Response:
    """What MSAL reads of an answer."""

    status_code: int
    text: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def sent_on(self) -> float | None:
        """When the server says that it answered (RFC 9110 section 6.6.1); None if it does not."""
        return instant_of(self.headers.get("Date"))

    def raise_for_status(self) -> None:
        """MSAL calls it after its own checks; unusual answers were raised before."""


_NETWORK_ADVICE = (
    "Check the container's network, DNS, egress rules and HTTPS_PROXY/NO_PROXY. It is tried again."
)


_BY_THE_CLOCK = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED (openssl-verification-options(1))."""


def failure(error: Exception, *, host: str, ca_file: Path | None) -> SidecarError:
    """Name the cause of a failed request; never with a URL's query or a body."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        if reason.verify_code in _BY_THE_CLOCK:
            return AuthorityUntrusted(
                f"the certificate of {host} is not valid now: {reason.verify_message}; "
                f"this machine's clock says {utc_date(time.time())}",
                advice="If that is not the time, set the clock of the node (chrony, systemd-timesyncd); else "
                "the server, or a proxy that inspects TLS, has to renew its certificate.",
                cause="tls",
            )
        trusted = f"the system's authorities and {ca_file}" if ca_file else "the system's authorities"
        return AuthorityUntrusted(
            f"the certificate of {host} is not trusted: {reason.verify_message}",
            advice=f"Trusted are {trusted}. Behind a proxy that inspects TLS, put its CA certificate "
            "(PEM) into a file and name it in SIDECAR_CA_FILE.",
            cause="tls",
        )
    if isinstance(reason, socket.gaierror):
        return AuthorityUnreachable(
            f"{host} cannot be resolved ({reason.strerror})", advice=_NETWORK_ADVICE, cause="dns"
        )
    if isinstance(reason, TimeoutError):
        return AuthorityUnreachable(
            f"no answer from {host} in time: {reason}", advice=_NETWORK_ADVICE, cause="time-out"
        )
    if isinstance(reason, OSError | http.client.HTTPException):
        said = (reason.strerror or printable(str(reason), 100)) if isinstance(reason, OSError) else None
        return AuthorityUnreachable(
            f"no answer from {host}: {said or type(reason).__name__}",
            advice=_NETWORK_ADVICE,
            cause=type(reason).__name__,
        )
    return AuthorityUnreachable(
        f"no answer from {host}: {type(error).__name__}",
        advice=_NETWORK_ADVICE,
        cause=type(error).__name__,
    )


def checked(response: Response, *, host: str) -> Response:
    """`response` if MSAL can read it.

    :raises AuthorityBusy: 429 or 5xx
    :raises AuthorityUnreachable: no JSON object, so somebody else's answer
    """
    status = response.status_code
    # A date is one of the server's clock, and so is the date of its answer.
    now = response.sent_on
    retry_after = retry_after_seconds(
        response.headers.get("Retry-After"), now=time.time() if now is None else now
    )
    try:
        content = json.loads(response.text)
    except (ValueError, RecursionError):
        content = None
    if status == 429 or status >= 500:
        from sidecar.core.advice import Action
        from sidecar.core.entra_errors import DEFAULT_ADVICE
        from sidecar.core.refusal import refusal

        said = refusal(content) if isinstance(content, dict) and content.get("error") else None
        # Whatever it says of the cause: with this status it passes.
        known = said if isinstance(said, AuthorityBusy) else None
        raise AuthorityBusy(
            f"{host} answered {status}" + (f": {known.message}" if known else ""),
            retry_after=known.retry_after if known and retry_after is None else retry_after,
            advice=known.advice if known else DEFAULT_ADVICE[Action.RETRY],
            cause=f"http {status}",
            **(known.fields if known else {}),
        )
    if not isinstance(content, dict) or 300 <= status < 400:
        kind = response.headers.get("Content-Type", "no content type").split(";")[0][:60]
        what = "which is not followed" if status // 100 == 3 else "with something that is not a JSON object"
        raise AuthorityUnreachable(
            f"{host} answered {status} {what} ({kind!a})",
            advice="A captive portal or proxy may be answering in the authority's place: check "
            "HTTPS_PROXY/NO_PROXY and the network's sign-in page. It is tried again.",
            cause=f"http {status}",
        )
    return response

"""The outage budget: how long the authority may be away before a reader notices.

From the instant at which a token's renewal is due until it expires, the provider need not answer. Of
that, the last pause between two tries is lost: the provider may be back just after a try has failed.
"""

from __future__ import annotations

from sidecar.core import schedule
from sidecar.core.plan import Policy
from sidecar.core.token import AccessToken

PAUSE_SECONDS = 60
"""The longest pause between two tries, as the README promises it."""

REQUEST_SECONDS = 10
ROUNDING_SECONDS = 3
"""Instants are whole seconds, the shell reads a clock of whole seconds, and Python takes time to start."""

RETRY_SECONDS = PAUSE_SECONDS + REQUEST_SECONDS + ROUNDING_SECONDS
"""The longest from the beginning of a request that hangs to the beginning of the next one."""


def budget_seconds(life_seconds: int, policy: Policy) -> int:
    """From the due renewal of a token of `life_seconds` to its expiry."""
    token = AccessToken("", 0, life_seconds, None, "", ())
    return life_seconds - due_after(token, policy)


def due_after(token: AccessToken, policy: Policy) -> int:
    """Seconds from the issue of `token` until its renewal is due."""
    return (
        schedule.renewal_instant(
            token,
            refresh_at=policy.refresh_at,
            spread=policy.spread,
            needed_seconds=schedule.ready_seconds(token, policy.min_validity_seconds),
        )
        - token.issued_on
    )


def longest_outage_seconds(life_seconds: int, policy: Policy) -> int:
    """The longest outage that no reader notices, whenever it begins."""
    return budget_seconds(life_seconds, policy) - RETRY_SECONDS

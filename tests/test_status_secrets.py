"""What `status` says of the Secrets that tokens are published to."""

from __future__ import annotations

import json
from dataclasses import replace

from sidecar.core.kubernetes.copies import Copy
from sidecar.core.status_words import lines
from tests.core.strategies import NOW
from tests.schemas import objections, parsed
from tests.test_status import NOTHING, report


def test_each_secret_has_a_line_of_its_own() -> None:
    """What apps in other pods have, since when, and what keeps the next token from them."""
    failing = {"failures": 3, "failed_on": NOW - 60, "retry_on": NOW + 20, "error": "no rule"}
    copies = {
        "apps/entra-token": Copy(expires_on=NOW + 1800, written_on=NOW - 600),
        "jobs/entra-token": Copy(expires_on=NOW - 200, **failing),  # type: ignore[arg-type]
        "new/entra-token": Copy(withdrawal_owed=True),
    }
    found = replace(NOTHING, copies=copies)
    told = report(found)["secrets"]
    assert objections("status", parsed(json.dumps(report(found)))) == []
    assert told["apps/entra-token"] == {
        "expires_on": NOW + 1800,
        "remaining_seconds": 1800,
        "live": True,
        "published_on": NOW - 600,
        "failures": 0,
        "error": None,
        "failing_since": None,
        "retry_on": None,
        "withdrawal_owed": False,
    }
    assert (told["jobs/entra-token"]["error"], told["jobs/entra-token"]["retry_on"]) == (
        "no rule",
        NOW + 20,
    )
    assert [line for line in lines(report(found), columns=200) if line.startswith("secret")] == [
        "secret     apps/entra-token: live, 30 min left, until 22:43 UTC; written at 22:03 UTC",
        "secret     jobs/entra-token: EXPIRED 3 min ago, at 22:10 UTC; FAILING since 22:12 UTC: no rule",
        "secret     new/entra-token: WITHDRAWAL OWED",
    ]

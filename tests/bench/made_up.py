"""Figures that nobody measured, for tests of what is done with figures: round, so that a hand can check."""

from __future__ import annotations

from typing import Any

from tests.bench.contender import IMPORT_MSAL, OURS
from tests.bench.figures import Summary
from tests.bench.limits import STAND_IN

KINDS = {
    OURS: "ours",
    "msal": "python",
    "azure-identity": "python",
    "azure-cli": "command",
    "adal": "python",
    "oidc-agent": "native",
}

_MEDIANS: dict[str, dict[str, float]] = {
    "idle_anonymous": {
        OURS: 0.25,
        "msal": 20,
        "azure-identity": 25,
        "azure-cli": 0.5,
        "adal": 21,
        "oidc-agent": 0.6,
    },
    "idle_pss": {OURS: 2, "msal": 28, "azure-identity": 40, "azure-cli": 2.2, "adal": 37, "oidc-agent": 2.7},
    "idle_pss_beside": {OURS: 1.0, "msal": 24, "azure-identity": 33, "adal": 25, "oidc-agent": 1.9},
    "idle_cpu_day": {OURS: 2, "msal": 1, "azure-identity": 1, "azure-cli": 3, "adal": 1, "oidc-agent": 1},
    "turn_peak": {OURS: 33, IMPORT_MSAL: 30},
    "turn_cpu": {OURS: 210, IMPORT_MSAL: 150},
    "renewal_peak": {
        OURS: 33,
        "msal": 31,
        "azure-identity": 44,
        "azure-cli": 60,
        "adal": 41,
        "oidc-agent": 8,
    },
    "renewal_cpu": {
        OURS: 220,
        "msal": 12,
        "azure-identity": 15,
        "azure-cli": 700,
        "adal": 14,
        "oidc-agent": 380,
    },
    "renewal_requests": {OURS: 1, "msal": 1, "azure-identity": 1, "azure-cli": 2, "adal": 1, "oidc-agent": 2},
    "probe_cpu": {OURS: 2.5, "msal": 12, "azure-identity": 12, "azure-cli": 3, "adal": 12, "oidc-agent": 3},
    "probe_cpu_day": {
        OURS: 21.6,
        "msal": 104,
        "azure-identity": 104,
        "azure-cli": 26,
        "adal": 104,
        "oidc-agent": 26,
    },
    "restart": {OURS: 210, IMPORT_MSAL: 150, "msal": 400},
    "round_trip": {STAND_IN: 8},
    "approval": {OURS: 250, "msal": 20},
    "fifty_tokens": {OURS: 400},
    "image": {OURS: 58, "msal": 160, "azure-identity": 170, "azure-cli": 900, "adal": 160, "oidc-agent": 90},
    "growth_state": {OURS: 1.001},
    "growth_tokens": {OURS: 1},
    "growth_log": {OURS: 1},
}

TURN: dict[str, list[dict[str, Any]]] = {
    "reference": [{"name": "import msal", "cpu_ms": 200, "peak_mib": 30}],
    "steps": [
        {"name": "Python starts", "cpu_ms": 20, "peak_mib": 8},
        {"name": "MSAL", "cpu_ms": 120, "peak_mib": 24},
        {"name": "the request", "cpu_ms": 150, "peak_mib": 28},
    ],
    "savings": [
        {"name": "", "cpu_ms": 160, "peak_mib": 28},
        {"name": "asyncio", "cpu_ms": 180, "peak_mib": 30.5},
    ],
}


def rows(**changed: dict[str, float]) -> list[Summary]:
    """All limits are met by them. `changed`: medians of a thing by contender."""
    medians = {what: {**row, **changed.get(what, {})} for what, row in _MEDIANS.items()}
    return [
        Summary(what, who, 5, round(value * 0.9, 3), value, round(value * 1.2, 3))
        for what, row in medians.items()
        for who, value in row.items()
    ]


def kept(**changed: dict[str, float]) -> dict[str, Any]:
    """As a file of figures has them."""
    return {
        "place": {"date": "2030-01-01", "machine": "none"},
        "contenders": {name: {"title": f"{name} 1.0", "kind": kind} for name, kind in KINDS.items()},
        "turn": TURN,
        "rows": [vars(row) for row in rows(**changed)],
    }

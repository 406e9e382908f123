"""The figures as tables."""

from __future__ import annotations

from collections.abc import Callable

from tests.fleet.scenarios import Figures
from tests.tables import Table, number

NEVER = "never"


def tables(figures: Figures) -> list[Table]:
    """All of those whose figures are there."""
    return [made(figures) for part, made in TABLES.items() if part in figures]


def _prompts(figures: Figures) -> Table:
    return Table(
        "prompts",
        "Prompts: at the first rollout, and a day from then on, by the sign-in frequency",
        ("arrangement", "at first", "a day, none", "90 days", "24 hours", "polls /s at first"),
        [
            [
                row["arrangement"],
                number(row["first"]),
                *(number(row[policy]["a_day"]) for policy in ("none", "90 days", "24 hours")),
                number(row["polls"]),
            ]
            for row in figures["prompts"]
        ],
    )


def _starts(figures: Figures) -> Table:
    return Table(
        "starts",
        f"Requests to Entra a second: {figures['pods']:,} pods, each its own sidecar, that start together",
        ("start", "tokens live", "who", "mean", "start, 1 s", "later, 1 s", "10 s", "even after"),
        [
            [
                row["start"],
                row["lives"],
                row["who"],
                number(row["mean"]),
                number(row["start_peak"]),
                number(row["peak"]),
                number(row["peak_10"]),
                NEVER if row["even_after_hours"] is None else f"{row['even_after_hours']} h",
            ]
            for row in figures["starts"]
        ],
        left=3,
    )


def _outage(part: str, title: str, *, expiry: bool) -> Callable[[Figures], Table]:
    """`expiry`: whether the fleet had tokens that could expire."""

    def made(figures: Figures) -> Table:
        heads = ["outage", "who", "mean /s", "peak /s", "after it, 1 s", "10 s"]
        keys = ("mean", "peak", "peak_after", "peak_10_after")
        rows = [[row["outage"], row["who"], *(number(row[key]) for key in keys)] for row in figures[part]]
        if expiry:
            heads += ["tokens expired", "for at most"]
            for row, words in zip(figures[part], rows, strict=True):
                words += [number(row["expired"]), _minutes(row)]
        return Table(part, title, heads, rows, left=2)

    return made


def _shared_outages(figures: Figures) -> Table:
    return Table(
        "shared_outages",
        "Outages of a shared workload: how many of them let a token expire, for all apps at once",
        (
            "away",
            "workloads",
            "whose token expired",
            "for at most",
            "requests a minute for a token",
            "API server: peak /s",
        ),
        [
            [
                row["outage"],
                number(row["workloads"]),
                number(row["expired"]),
                _minutes(row),
                number(row["most_a_minute"]),
                number(row["api_peak"]),
            ]
            for row in figures["shared_outages"]
        ],
    )


def _costs(figures: Figures) -> Table:
    return Table(
        "costs",
        "Requests a day",
        ("arrangement", "sign-ins", "to Entra", "to the API server", "updates to nodes", "starts of Python"),
        [
            [
                row["name"],
                *(number(row[key]) for key in ("signins", "to_entra", "to_api", "carried", "turns")),
            ]
            for row in figures["costs"]
        ],
    )


TABLES: dict[str, Callable[[Figures], Table]] = {
    "prompts": _prompts,
    "starts": _starts,
    "outages": _outage("outages", "Entra away, for a fleet that has run for long", expiry=True),
    "together": _outage("together", "Entra away, and all pods start in its first second", expiry=False),
    "shared_outages": _shared_outages,
    "costs": _costs,
}


def _minutes(row: Figures) -> str:
    return f"{row['longest_seconds'] / 60:.0f} min"

"""One run: images, the provider, all contenders, growth.

What it imports needs an engine, and documents can be made without.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.bench import growth
from tests.bench.contender import OURS
from tests.bench.contenders import MAKERS, build, contenders
from tests.bench.engine import Engine, EngineError, docker
from tests.bench.figures import Summary
from tests.bench.provider import Provider
from tests.bench.round_trip import round_trip
from tests.bench.rows import measure
from tests.bench.rows.account import account
from tests.bench.rows.metered import signed_in
from tests.bench.rows.plan import FULL, SHORT

SHORT_CONTENDERS = ("sidecar", "msal", "azure-identity", "oidc-agent")
STORMY_RENEWALS = 10_000
ACCOUNTED = 60
"""Runs of each step of a turn."""
DISCOVERY = "v2.0/.well-known/openid-configuration"


@dataclass
class Measured:
    """What there is so far; a run that is cut short leaves it."""

    rows: list[Summary] = field(default_factory=list)
    contenders: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    growth: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    turn: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """See `tests.bench.rows.account`."""


def how(*, short: bool) -> str:
    """Rounds and warm-up, for a reader."""
    plan = SHORT if short else FULL
    lives = f"{plan.lives} lives of each container, interleaved, after {plan.warm_up_lives} that warm up"
    each = f"{plan.renewals} renewals and {plan.probes} probes in each life"
    idle = f"{plan.idle_windows} minutes of idle CPU, after one"
    return f"{lives}; {each}; {plan.turns} turns as processes, after one; {idle}"


def names_of(asked: str | None) -> list[str] | None:
    """Contenders, as the command line has them; None: as many as the run has.

    :raises SystemExit: nobody is called that
    """
    names = asked.split(",") if asked else None
    if unknown := set(names or ()) - MAKERS.keys():
        raise SystemExit(f"no contender is {', '.join(sorted(unknown))}; there are {', '.join(MAKERS)}")
    return names


def run_containers(measured: Measured, *, names: Collection[str] | None, short: bool) -> None:
    """Fill it with everything but growth. `names`: these contenders alone.

    :raises Unmeasured: a peer has no image; and see `tests.bench.rows.measure`
    """
    wanted = names or (SHORT_CONTENDERS if short else None)
    with Provider() as provider, Engine() as engine:
        compared = contenders(provider, only=wanted)
        try:
            build([each.name for each in compared])
        except subprocess.SubprocessError as error:
            raise EngineError(f"a peer's image was not made: {error}") from error
        measured.contenders = {each.name: {"title": each.title, "kind": each.kind} for each in compared}
        measured.notes = engine.notes
        if others := docker("ps", "--quiet").split():
            engine.note(
                f"{len(others)} other containers ran when this began: disturbed, and no page is alone"
            )
        url = f"{provider.authority_host}/{provider.tenant_id}/{DISCOVERY}"
        measured.rows.append(round_trip(url, str(provider.ca_file)))
        for row in measure(engine, provider, compared, short=short):
            measured.rows.append(row)
        ours = next((each for each in compared if each.name == OURS), None)
        if ours is not None and not short:
            measured.turn = account(engine, ours, signed_in(engine, ours), runs=ACCOUNTED)


def run_growth(measured: Measured, *, short: bool) -> None:
    """Ten minutes, or ten seconds."""
    renewals = growth.SHORT if short else growth.FULL
    for weather, number in _courses(renewals, short=short):
        print(f"growth: {number:,} renewals, network {weather}", file=sys.stderr, flush=True)
        points = growth.curve(number, stormy=weather == "stormy")
        measured.growth[weather] = growth.as_rows(points)
        if weather == "fair":
            measured.rows += growth.ratios(points)


def _courses(renewals: int, *, short: bool) -> Iterator[tuple[str, int]]:
    yield "fair", renewals
    if not short:
        yield "stormy", STORMY_RENEWALS

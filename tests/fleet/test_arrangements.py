"""Prompts, shared workloads, and what docs/fleet.md says of them."""

from __future__ import annotations

import json

import pytest

from tests.fleet import documents, prompts, scenarios, shared
from tests.fleet.__main__ import main
from tests.fleet.authority import NEVER, USUAL, Authority, Outage
from tests.fleet.chart import chart
from tests.fleet.costs import LOOKS_A_DAY, RENEWALS_A_DAY
from tests.fleet.costs import shared as cost_of
from tests.fleet.pods import Begin
from tests.fleet.prompts import FIRST, FREQUENCY, MOVED, NODE, World
from tests.fleet.tables import tables
from tests.fleet.traffic import DAY, HOUR, MINUTE

AWAY = Outage(HOUR, 2 * HOUR)


def test_sign_in_frequency_of_a_day_costs_one_prompt_in_twenty_one_hours() -> None:
    """The first end is a surprise; from then on people are asked a tenth of its life before it."""
    counted = prompts.asked(1, World(DAY), days=30, keeps_state=True, seed="t")
    assert counted == {FIRST: 1, MOVED: 0, NODE: 0, FREQUENCY: 33}


def test_sign_in_that_outlives_its_pod_is_asked_for_once() -> None:
    """Without a sign-in frequency, whatever happens to pods."""
    world = World(None, moves_per_day=5, losses_per_day=5)
    counted = prompts.asked(40, world, days=30, keeps_state=True, seed="t")
    assert counted == {FIRST: 40, MOVED: 0, NODE: 0, FREQUENCY: 0}


def test_pod_that_takes_its_sign_in_with_it_asks_again_as_often_as_it_is_moved() -> None:
    """500 pods, moved once in 50 days, their nodes lost once in 90: as many prompts as there were events."""
    counted = prompts.asked(500, World(None), days=100, keeps_state=False, seed="t")
    assert counted[FIRST] == 500
    assert counted[MOVED] == pytest.approx(1000, rel=0.1)
    assert counted[NODE] == pytest.approx(500 * 100 / 90, rel=0.15)
    assert counted[FREQUENCY] == 0


def test_two_replicas_renew_once_between_them() -> None:
    """One request a renewal, whoever makes it; calls of the API as the formula says; no token expires."""
    authority = Authority(USUAL)
    outcome = shared.run(shared.workloads(30, authority, seed="t"), authority, seconds=DAY)
    # Whichever of two is due first renews, a little sooner than one alone.
    assert RENEWALS_A_DAY <= outcome.to_entra.total() / 30 <= RENEWALS_A_DAY * 1.12
    assert outcome.to_api.total() / 30 == pytest.approx(cost_of(1, 1).to_api, rel=0.1)
    assert outcome.to_api.total() / 30 >= LOOKS_A_DAY * 2
    assert outcome.gaps.tokens == 0


def test_two_replicas_that_fail_together_ask_ten_times_a_minute_at_most() -> None:
    """The limit is the token's: it holds for both of them together."""
    authority = Authority(USUAL, AWAY)
    for place in range(60):
        every = shared.workloads(1, authority, seed=f"t{place}")
        outcome = shared.run(every, authority, seconds=3 * HOUR)
        assert 4 < outcome.to_entra.peak(window=MINUTE) * MINUTE <= 10


def test_api_server_that_is_away_costs_entra_nothing_and_a_token_its_life() -> None:
    """Without the Lease no refresh token is used; a renewal that fell into the hour is made up at its end."""
    authority = Authority(USUAL)
    every = shared.workloads(60, authority, seed="t")
    outcome = shared.run(every, authority, seconds=3 * HOUR, api=AWAY)
    assert outcome.to_entra.total(HOUR + 1, 2 * HOUR) == 0
    assert outcome.to_entra.total(2 * HOUR, 2 * HOUR + MINUTE) >= 45
    assert 0 < outcome.gaps.tokens < 60
    calm = shared.run(shared.workloads(60, authority, seed="t"), authority, seconds=3 * HOUR, api=NEVER)
    assert calm.gaps.tokens == 0


def test_document_and_chart_show_the_figures_that_were_kept() -> None:
    """Whoever edits a figure by hand is found out; `make fleet FLEET=--write` writes all of them."""
    kept = documents.kept()
    assert documents.DOCUMENT.read_text() == documents.filled(documents.DOCUMENT.read_text(), kept)
    assert documents.CHART.read_text() == chart(kept)
    assert documents.FIGURES.read_text() == documents.as_text(kept)


def test_kept_figures_are_those_that_the_program_finds() -> None:
    """In full size, of each kind of simulation the one that is done soonest."""
    kept = documents.kept()
    number = kept["pods"]
    assert kept["costs"] == scenarios.cost(number)
    assert kept["prompts"][2:] == _as_json(scenarios.asked(number, only=2))
    assert scenarios.start_of(number, *scenarios.STARTS[2], scenarios.OURS) in kept["starts"]
    name, outage = scenarios.OUTAGES[2]
    begin = Begin(1, on=outage.begin)
    found = {"outage": name, **scenarios.outage_of(number, begin, outage, scenarios.OURS)}
    assert found in kept["together"]


def test_tables_fit_into_eighty_columns() -> None:
    """On a terminal of the usual width, whatever the figures."""
    for table in tables(documents.kept()):
        for line in table.text().splitlines():
            assert len(line) <= 80, line


def test_program_prints_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """A table, and the same as JSON."""
    main(["--pods", "30", "--only", "costs"])
    assert "own sidecars" in capsys.readouterr().out
    main(["--pods", "30", "--only", "costs", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["costs"][0]["signins"] == told["pods"] == 30


def _as_json(value: object) -> object:
    return json.loads(json.dumps(value))

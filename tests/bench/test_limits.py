"""Each limit, met and broken by figures that were made up."""

from __future__ import annotations

import pytest

from tests.bench import made_up
from tests.bench.contender import IMPORT_MSAL, OURS
from tests.bench.figures import Figures
from tests.bench.limits import LIMITS, STAND_IN, Verdict, guarded, judge
from tests.bench.what import UNITS

JUST_MET = {
    "idle_anonymous": 0.5,  # a fortieth of msal's 20, and below oidc-agent's 0.6
    "idle_pss": 2.5,
    "idle_pss_beside": 1.5,
    "turn_peak": 36.0,
    "turn_cpu": 225.0,
    "renewal_requests": 1,
    "probe_cpu": 3.0,
    "probe_cpu_day": 25.92,  # a fiftieth of 8,640 times 0.15 s
    "idle_cpu_day": 3.0,
    "restart": 233.0,  # 1.5 times 150, and 8 for the round trip
    "approval": 500,
    "image": 60,
    "fifty_tokens": 1000,
    "growth_state": 1.005,
    "growth_tokens": 1.005,
    "growth_log": 1.005,
}


def judged(**changed: dict[str, float]) -> list[Verdict]:
    """All limits, with these medians of a thing by contender."""
    return judge(Figures({}, made_up.rows(**changed)), made_up.KINDS)


def test_what_keeps_to_all_limits_is_told_so() -> None:
    """Nothing is left out: each limit has a verdict."""
    assert [each.verdict for each in judged()] == ["met"] * len(LIMITS)


@pytest.mark.parametrize("what", JUST_MET)
def test_limit_holds_to_its_last_digit(what: str) -> None:
    """What is allowed is met, and a per mille more is broken."""
    met = judged(**{what: {OURS: JUST_MET[what]}})
    broken = judged(**{what: {OURS: JUST_MET[what] * 1.001}})
    assert {each.verdict for each in met if each.limit.what == what} == {"met"}
    assert "broken" in {each.verdict for each in broken if each.limit.what == what}
    assert {each.verdict for each in broken if each.limit.what != what} == {"met"}


def test_every_limit_was_held_against_figures_above() -> None:
    """None that no test of these knows."""
    assert {limit.what for limit in LIMITS} == set(JUST_MET) <= set(UNITS)


@pytest.mark.parametrize(
    ("what", "who", "theirs", "against"),
    [
        ("idle_pss", "adal", 19.9, "adal"),  # a tenth is less than our 2
        ("idle_anonymous", "azure-identity", 9.9, "azure-identity"),
        ("idle_pss", "oidc-agent", 2.0, "oidc-agent"),  # as much is not below
        ("idle_anonymous", "oidc-agent", 0.25, "oidc-agent"),
        ("idle_pss_beside", "msal", 9.9, "msal"),
        ("idle_pss_beside", "oidc-agent", 1.0, "oidc-agent"),
        ("turn_peak", IMPORT_MSAL, 27.4, IMPORT_MSAL),
        ("turn_cpu", IMPORT_MSAL, 139.9, IMPORT_MSAL),
        ("restart", IMPORT_MSAL, 134.0, IMPORT_MSAL),
    ],
)
def test_better_peer_breaks_a_ratio(what: str, who: str, theirs: float, against: str) -> None:
    """Ours is what it was; the one that needs least is who counts."""
    (broken,) = [each for each in judged(**{what: {who: theirs}}) if each.verdict == "broken"]
    assert (broken.limit.what, broken.against) == (what, against)


def test_probes_of_a_day_are_held_against_a_day_of_imports() -> None:
    """8,640 times 110 ms are 950 s, and a fiftieth of that is less than our 21.6."""
    found = judged(turn_cpu={IMPORT_MSAL: 110, OURS: 150})
    assert [each.limit.what for each in found if each.verdict == "broken"] == ["probe_cpu_day"]


def test_native_and_command_are_no_python_peers() -> None:
    """A shell that sleeps, as ours does, is not what a tenth is asked of."""
    assert {each.verdict for each in judged(idle_pss={"azure-cli": 0.1})} == {"met"}


def test_round_trip_is_on_top_of_a_restart() -> None:
    """Without one, 231 ms were too many."""
    slow = {"restart": {OURS: 231.0}}
    assert {each.verdict for each in judged(**slow)} == {"met"}
    assert "broken" in {each.verdict for each in judged(**slow, round_trip={STAND_IN: 5})}


def test_what_was_not_measured_is_neither_met_nor_broken() -> None:
    """Whether ours is missing or the one it is held against."""
    assert {each.verdict for each in judge(Figures({}, ()), made_up.KINDS)} == {"not measured"}
    ours = [row for row in made_up.rows() if row.who == OURS]
    verdicts = {each.limit: each.verdict for each in judge(Figures({}, ours), made_up.KINDS)}
    assert {limit: verdict != "not measured" for limit, verdict in verdicts.items()} == {
        limit: not limit.of for limit in LIMITS
    }


def test_guard_judges_no_times_and_gives_room() -> None:
    """A second is another one on a machine that is shared; a ratio may be exceeded by half."""
    seconds = [each.limit for each in guarded(judged()) if UNITS[each.limit.what] in ("s", "ms")]
    assert all(limit.of for limit in seconds)
    half_more = judged(turn_cpu={OURS: 225 * 1.4})
    twice = judged(turn_cpu={OURS: 225 * 1.6})
    assert [each.guarded for each in guarded(half_more)] == ["met"] * len(guarded(half_more))
    assert [each.limit.what for each in guarded(twice) if each.guarded == "broken"] == ["turn_cpu"]


def test_second_request_has_no_room() -> None:
    """A count is not disturbed by a machine."""
    broken = [
        each.limit.what for each in guarded(judged(renewal_requests={OURS: 2})) if each.guarded == "broken"
    ]
    assert broken == ["renewal_requests"]

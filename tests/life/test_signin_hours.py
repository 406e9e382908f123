"""SIDECAR_SIGNIN_HOURS: when `refresh` asks people, and what it does while it may not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sidecar.core.account import Admission
from sidecar.core.device_code import Answer
from sidecar.core.signin_hours import inside, signin_hours_from
from sidecar.errors import SigninRequired
from tests.life.bench import ARM, GRAPH, Bench

HOUR = 3600
DAY = 24 * HOUR
BERLIN = ZoneInfo("Europe/Berlin")
HOURS = signin_hours_from("mon-fri 08:00-18:00 Europe/Berlin", zone=ZoneInfo)


def at(text: str) -> float:
    """An instant as `2026-03-27 18:00` in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.fixture
def since(tmp_path: Path) -> Callable[..., Bench]:
    """Makes a pod that was signed in at a time in Berlin, with working hours."""

    def make(when: str, *, frequency_seconds: float | None = None, tells_end: bool = False) -> Bench:
        bench = Bench.in_directory(tmp_path)
        bench.rules = replace(bench.rules, hours=HOURS)
        bench.clock.wall = at(when) + 0.4  # no real clock stands at a whole second
        bench.authority.frequency_seconds, bench.authority.tells_end = frequency_seconds, tells_end
        bench.authority.away = lambda now: not inside(HOURS, now)
        bench.signin()
        bench.turn()
        return bench

    return make


def until(bench: Bench, when: str) -> None:
    """Let the loop run until then."""
    bench.run_for(at(when) + 0.4 - bench.clock.now())


def prompted_on(bench: Bench) -> list[str]:
    """When people were shown a code, in Berlin; not the first one."""
    times = [moment for kind, moment in bench.authority.requests if kind == "devicecode"]
    return [f"{datetime.fromtimestamp(moment, BERLIN):%a %Y-%m-%d %H:%M}" for moment in times[1:]]


def test_needed_at_night_is_asked_for_in_the_morning(since: Callable[..., Bench]) -> None:
    """Revoked on a Friday evening: one line in the log, no request and no code over a weekend on which
    summer time begins, and a prompt on Monday at eight.
    """
    bench = since("2026-03-27 17:00")
    bench.clock.sleep(HOUR)
    bench.authority.revoked = True
    until(bench, "2026-03-27 19:00")
    requests, turns = len(bench.authority.requests), len(bench.events("refresh.scheduled"))
    until(bench, "2026-03-30 07:59")
    assert len(bench.authority.requests) == requests
    assert len(bench.events("refresh.scheduled")) <= turns + 4
    [_, waiting] = bench.events("refresh.signin_required")
    assert waiting["prompt_on"] == at("2026-03-30 08:00")
    assert waiting["in_seconds"] == pytest.approx(2.5 * DAY, abs=DAY / 4)
    assert json.loads((bench.state_path / "journal.json").read_text())["prompt_on"] == at("2026-03-30 08:00")
    until(bench, "2026-03-30 08:02")
    assert prompted_on(bench) == ["Mon 2026-03-30 08:00"]
    assert len(bench.events("signin.completed")) == 2
    published = bench.published()
    assert published is not None
    assert published["expires_on"] > bench.clock.now()


@pytest.fixture
def waiting(since: Callable[..., Bench]) -> Bench:
    """Saturday noon: a token was refused on Friday evening."""
    bench = since("2026-03-27 17:00")
    bench.clock.sleep(HOUR)
    bench.authority.revoked = True
    until(bench, "2026-03-28 12:00")
    bench.authority.away = lambda _now: False
    return bench


def test_hup_asks_at_once(waiting: Bench) -> None:
    """Somebody is there."""
    assert waiting.turn(at_once=True) is None
    assert prompted_on(waiting) == ["Sat 2026-03-28 12:00"]
    assert len(waiting.events("signin.completed")) == 2


def test_hup_that_nobody_answers_waits_again(waiting: Bench) -> None:
    """The deadline passes and the weekend goes on in silence."""
    waiting.authority.away = lambda now: now < at("2026-03-30 08:00")
    waiting.turn(at_once=True)
    until(waiting, "2026-03-30 08:02")
    assert prompted_on(waiting) == [f"Sat 2026-03-28 12:{minute:02}" for minute in (0, 15, 30, 45)] + [
        "Mon 2026-03-30 08:00"
    ]


def test_role_signin_asks_at_once(waiting: Bench) -> None:
    """It was started by somebody."""
    assert waiting.signin() is None
    assert prompted_on(waiting) == ["Sat 2026-03-28 12:00"]


def test_hours_that_are_no_longer_set_hold_nobody_back(waiting: Bench) -> None:
    """A restart with other settings asks at once."""
    waiting.rules = replace(waiting.rules, hours=None)
    assert waiting.turn() is None
    assert prompted_on(waiting) == ["Sat 2026-03-28 12:00"]


def test_prompting_that_is_no_longer_allowed_ends_the_loop(waiting: Bench) -> None:
    """A restart with SIDECAR_ON_SIGNIN_REQUIRED=exit: 77 at once, not on Monday."""
    waiting.rules = replace(waiting.rules, may_prompt=False)
    error = waiting.turn()
    assert error is not None
    assert error.exit_code == 77


@pytest.mark.parametrize("leap", [-7200, 7200, -DAY / 2, DAY / 2])
def test_leap_of_the_clock_asks_nobody_and_waits_by_the_new_time(waiting: Bench, leap: float) -> None:
    """Monday at eight by the clock that hangs there now."""
    told = len(waiting.events("refresh.signin_required"))
    waiting.clock.leap(leap)
    waiting.turn()
    assert prompted_on(waiting) == []
    until(waiting, "2026-03-30 08:02")
    assert prompted_on(waiting) == ["Mon 2026-03-30 08:00"]
    assert len(waiting.events("refresh.signin_required")) == told + 1


def test_restart_while_waiting_makes_no_request(waiting: Bench) -> None:
    """Turns from files alone, as many as somebody likes."""
    before = len(waiting.authority.requests)
    for _ in range(10):
        assert waiting.turn() is None
    assert len(waiting.authority.requests) == before


def test_nobody_signed_in_yet_waits_as_well(tmp_path: Path) -> None:
    """A `refresh` without a `signin` before it, started at night."""
    bench = Bench.in_directory(tmp_path)
    bench.rules = replace(bench.rules, hours=HOURS)
    bench.clock.wall = at("2026-03-27 23:00")
    assert bench.turn() is None
    assert bench.authority.requests == []
    until(bench, "2026-03-30 08:02")
    assert len(bench.authority.prompts) == 1
    assert bench.published() is not None
    assert len(bench.events("refresh.signin_required")) == 2


def test_account_withdrawn_at_night_is_replaced_in_the_morning(since: Callable[..., Bench]) -> None:
    """Its tokens are gone at once, whoever is asleep."""
    bench = since("2026-03-27 17:00")
    bench.clock.sleep(2 * HOUR)
    bench.allow(Admission(users=frozenset({"bob@contoso.example"})))
    bench.turn()
    assert bench.published() is None
    assert prompted_on(bench) == []


def test_prompt_open_at_the_end_of_the_hours_gets_no_further_code(since: Callable[..., Bench]) -> None:
    """The code that people look at lives on; the next one comes in the morning."""
    bench = since("2026-03-26 17:00")
    bench.clock.sleep(55 * 60)
    bench.authority.revoked = True
    bench.authority.polls.extend([Answer.PENDING] * (900 // 5))
    until(bench, "2026-03-27 08:02")
    assert prompted_on(bench) == ["Thu 2026-03-26 17:55", "Fri 2026-03-27 08:00"]
    [failed] = bench.events("signin.failed")
    assert "SIDECAR_SIGNIN_HOURS" in failed["advice"]


def test_further_audience_waits_while_the_first_is_renewed(tmp_path: Path) -> None:
    """Consent that is missing at night holds up nothing."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.rules = replace(bench.rules, hours=HOURS)
    bench.clock.wall = at("2026-03-27 17:30")
    bench.signin()
    bench.turn()
    bench.clock.sleep(HOUR)
    bench.authority.refused_scopes[ARM] = SigninRequired("consent_required")
    until(bench, "2026-03-28 12:00")
    published = bench.published()
    assert published is not None
    assert published["expires_on"] > bench.clock.now()
    refused = len(bench.events("refresh.signin_required"))
    assert refused == 2
    assert prompted_on(bench) == []
    until(bench, "2026-03-30 08:02")
    assert prompted_on(bench) == ["Mon 2026-03-30 08:00"]


def test_end_at_night_is_asked_for_in_the_last_hours_before_it(since: Callable[..., Bench]) -> None:
    """Thirty-four hours of Thursday evening end on Saturday night: the last 3 h 24 min of Friday are left."""
    bench = since("2026-03-26 17:50", frequency_seconds=34 * HOUR, tells_end=True)
    until(bench, "2026-03-27 17:59")
    assert prompted_on(bench) == ["Fri 2026-03-27 14:36"]


def test_sign_in_of_the_evening_is_not_asked_for_again_the_same_evening(since: Callable[..., Bench]) -> None:
    """Twelve hours from 17:30 end in the night; asking at 17:30 again would gain nothing."""
    bench = since("2026-03-26 17:30", frequency_seconds=DAY / 2, tells_end=True)
    until(bench, "2026-03-27 08:02")
    assert prompted_on(bench) == ["Fri 2026-03-27 08:00"]
    [plan, *_] = bench.events("signin.expected")
    assert "prompt_on" not in plan


@pytest.mark.parametrize("start", ["2026-03-27 09:00", "2026-10-23 09:00"])
def test_weekend_on_which_the_clock_is_changed(since: Callable[..., Bench], start: str) -> None:
    """A day's sign-in and people who work from eight to six: every prompt is within these hours, few days
    see two, and but for their first minutes apps have a live token all through them.
    """
    bench = since(start, frequency_seconds=DAY, tells_end=True)
    missing: list[float] = []

    def look(_seconds: float) -> None:
        published = bench.published()
        now = bench.clock.now()
        if inside(HOURS, now - 120) and (published is None or published["expires_on"] <= now):
            missing.append(now)

    bench.clock.during_sleep = look
    bench.run_for(4.3 * DAY)
    shown = prompted_on(bench)
    assert all(when[:3] in ("Mon", "Tue", "Wed", "Thu", "Fri") for when in shown)
    assert all("08:00" <= when[-5:] < "18:00" for when in shown)
    assert 4 <= len(shown) <= 6
    assert missing == []

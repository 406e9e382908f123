"""What happens to the clock, the authority and the volumes while a prompt is open for a long time."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from sidecar.core.device_code import Answer
from sidecar.errors import AuthorityBusy, DirectoryError, SigninRequired, SigninTimedOut
from tests.life.bench import ARM, GRAPH, Bench
from tests.life.doubles import ALICE

LIFE = 3600
RENEWED_AFTER = int(LIFE * 0.66)
FOR_EVER = 10_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A new pod that wants one token, and that nobody answers."""
    bench = Bench.in_directory(tmp_path)
    bench.authority.polls.extend([Answer.PENDING] * FOR_EVER)
    return bench


@pytest.fixture
def pair(tmp_path: Path) -> Bench:
    """Signed in for one audience; the prompt for the other one is about to open and stays open."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.authority.refused_scopes[ARM] = SigninRequired("consent_required")
    bench.signin()
    bench.clock.sleep(301)
    bench.authority.polls.extend([Answer.PENDING] * FOR_EVER)
    bench.timeout_seconds = 2 * LIFE
    return bench


@pytest.mark.parametrize("leap", [-86400 * 3650, -7200, -600, 600, 7200, 86400 * 3650])
def test_leap_of_the_wall_clock_neither_ends_a_code_early_nor_keeps_a_dead_one(
    bench: Bench, leap: float
) -> None:
    """Codes live by the boot clock: four in an hour, whatever somebody does to the wall clock."""
    leaps = [leap]

    def look(_seconds: float) -> None:
        if bench.clock.boot >= 5030 and leaps:
            bench.clock.leap(leaps.pop())

    bench.clock.during_sleep = look
    started = bench.clock.boot
    assert isinstance(bench.signin(), SigninTimedOut)
    assert bench.clock.boot - started == pytest.approx(3600, abs=1)
    assert len(bench.authority.prompts) == 4
    assert [event["seconds_left"] for event in bench.events("signin.waiting")] == [900] * 4


def test_prompt_shows_the_expiry_by_the_wall_clock(bench: Bench) -> None:
    """After a leap too: people and programs compare it with the clock on the wall."""
    bench.clock.during_sleep = lambda _seconds: bench.clock.leap(-7200 if bench.clock.boot == 5000 else 0)
    started = int(bench.clock.now())
    bench.log_format = "console"
    bench.signin()
    shown = [line for line in bench.output.getvalue().splitlines() if "The code is valid for" in line]
    assert [line.split(",")[0].strip() for line in shown] == ["The code is valid for 15 min"] * 4
    assert [prompt.expires_on - started for prompt in bench.authority.authorizations] == [
        900,
        900 + 900 - 7200,
        1800 + 900 - 7200,
        2700 + 900 - 7200,
    ]


def test_long_retry_after_while_polling_delays_no_renewal(pair: Bench) -> None:
    """The authority wants no poll for an hour; a token of ten minutes is renewed all the same."""
    pair.authority.life_seconds = 600
    pair.clock.sleep(RENEWED_AFTER)
    pair.authority.polls.clear()
    pair.authority.polls.extend([AuthorityBusy("429", retry_after=3600)] * FOR_EVER)
    pair.authority.code_life_seconds = 2 * LIFE
    expired: list[bool] = []

    def look(_seconds: float) -> None:
        published = pair.published()
        expired.append(published is None or published["expires_on"] <= pair.clock.now())

    pair.clock.during_sleep = look
    pair.turn()
    assert len(expired) > 100
    assert not any(expired)
    assert pair.authority.prompts == [GRAPH, ARM]


def test_retry_after_outlives_the_code(bench: Bench) -> None:
    """Asked to wait 50 min, it waits, although the code dies after 15: no poll, no new code before.
    Nobody is shown the dead code meanwhile.
    """
    bench.authority.polls.clear()
    bench.authority.polls.append(AuthorityBusy("429", retry_after=3000))
    shown: list[tuple[float, bool]] = []

    def look(_seconds: float) -> None:
        shown.append((bench.clock.boot - 5000, (bench.state_path / "prompt.json").exists()))

    bench.clock.during_sleep = look
    assert bench.signin() is None
    start = bench.authority.requests[0][1]
    assert [at - start for at in bench.authority.poll_times] == [5, 3010]
    assert [at - start for kind, at in bench.authority.requests if kind == "devicecode"] == [0, 3005]
    assert {is_open for at, is_open in shown if at < 899} == {True}
    assert {is_open for at, is_open in shown if 900 < at < 3000} == {False}


def _fill(bench: Bench, *, from_boot: float, to_boot: float) -> list[tuple[float, int]]:
    """The state volume takes nothing in between; returns what readers have at each moment."""
    whole = bench.cache._path
    seen: list[tuple[float, int]] = []

    def look(_seconds: float) -> None:
        full = from_boot <= bench.clock.boot < to_boot
        bench.cache._path = bench.state_path / "missing" / "cache" if full else whole
        published = bench.published()
        seen.append((bench.clock.boot, published["expires_on"] if published else 0))

    bench.clock.during_sleep = look
    return seen


def test_full_volume_does_not_end_an_open_prompt(pair: Bench) -> None:
    """The renewal beside it fails, is reported, and succeeds within 30 s of there being room; the person
    finds the same code.
    """
    start = pair.clock.boot
    seen = _fill(pair, from_boot=start + 600, to_boot=start + 3100)
    first = pair.published()
    assert first is not None
    pair.authority.code_life_seconds = 3 * LIFE
    pair.authority.polls.clear()
    pair.authority.polls.extend([Answer.PENDING] * 700)
    assert pair.turn() is None
    assert pair.authority.prompts == [GRAPH, ARM]
    assert pair.published("arm") is not None
    failures = [event for event in pair.events("refresh.failed") if event.get("retry_in_seconds") == 20]
    assert 40 <= len(failures) <= 53
    renewed = next(at for at, expires_on in seen if expires_on > first["expires_on"])
    assert renewed <= start + 3130
    assert pair.requests_per_minute() <= 10


def test_token_directory_that_is_full_meanwhile_shows_the_renewed_token_later(pair: Bench) -> None:
    """What was saved but could not be published is, within 30 s of there being room, and costs one
    request.
    """
    start = pair.clock.boot
    seen: list[tuple[float, int]] = []

    def look(_seconds: float) -> None:
        pair.full = start + 600 <= pair.clock.boot < start + 3000
        published = pair.published()
        seen.append((pair.clock.boot, published["expires_on"] if published else 0))

    first = pair.published()
    assert first is not None
    before = len(pair.authority.requests)
    pair.clock.during_sleep = look
    pair.authority.code_life_seconds = 3 * LIFE
    pair.authority.polls.clear()
    pair.authority.polls.extend([Answer.PENDING] * 620)
    assert pair.turn() is None
    renewed = next(at for at, expires_on in seen if expires_on > first["expires_on"])
    assert renewed <= start + 3030
    assert [kind for kind, _ in pair.authority.requests[before:]] == ["renew", "devicecode", "renew"]


def test_answer_that_cannot_be_saved_ends_the_prompt(pair: Bench) -> None:
    """That is the one thing no waiting cures: the code is used up."""
    pair.authority.polls.clear()
    pair.authority.polls.extend([Answer.PENDING] * 10)
    _fill(pair, from_boot=pair.clock.boot + 30, to_boot=pair.clock.boot + 3000)
    assert isinstance(pair.turn(), DirectoryError)
    assert pair.authority.prompts == [GRAPH, ARM]
    assert 0 < pair.number("wake") - pair.clock.boot <= 30


def test_disk_error_of_the_library_beside_an_open_prompt_does_not_end_it(pair: Bench) -> None:
    """MSAL writes a lock file of its own; where it cannot, the renewal fails and not the prompt."""
    pair.authority.code_life_seconds = 3 * LIFE
    pair.authority.polls.clear()
    pair.authority.polls.extend([Answer.PENDING] * 700)
    pair.authority.renewals.extend(
        [SigninRequired("consent_required"), OSError(errno.ENOSPC, "No space left on device")]
    )
    assert pair.turn() is None
    assert pair.authority.prompts == [GRAPH, ARM]
    published = pair.published()
    assert published is not None
    assert published["username"] == ALICE.username
    assert published["expires_on"] > pair.clock.now()

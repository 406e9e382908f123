"""However a prompt ends, it is withdrawn once, wherever it was shown."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sidecar.core.account import Admission
from sidecar.core.device_code import Answer
from sidecar.elsewhere import Nowhere
from sidecar.errors import AuthorityMisconfigured, LeaseHeld, SigninRequired
from sidecar.posix.interrupts import Interrupted
from tests.life.bench import Bench
from tests.life.doubles import ALICE, MALLORY

FOR_EVER = 10_000


class Face:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Mapping[str, object]] = []

    def tell(self, record: Mapping[str, object]) -> None:
        """Remember."""
        self.told.append(record)

    def finish(self, seconds: float) -> None:
        """Nothing is under way."""

    @property
    def story(self) -> list[str]:
        """Issued, or how it ended."""
        return [str(record.get("outcome", "issued")) for record in self.told]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A new pod."""
    return Bench.in_directory(tmp_path, admission=Admission(users=frozenset({"alice@contoso.example"})))


@pytest.fixture
def face(bench: Bench) -> Face:
    """A further place where the prompt is shown."""
    face = Face()
    bench.faces = (face,)
    return face


def term(_seconds: float) -> None:
    """Comes while a role sleeps."""
    raise Interrupted(signal.SIGTERM)


def once(bench: Bench) -> None:
    """One code, answered by nobody, and no time for another."""
    bench.authority.polls.extend([Answer.PENDING] * FOR_EVER)
    bench.timeout_seconds = 600


@pytest.mark.parametrize(
    ("arrange", "story"),
    [
        (lambda _bench: None, ["issued", "completed"]),
        (lambda bench: bench.authority.polls.append(Answer.DECLINED), ["issued", "declined"]),
        (
            lambda bench: bench.authority.polls.append(Answer.EXPIRED),
            ["issued", "expired", "issued", "completed"],
        ),
        (
            lambda bench: bench.authority.polls.append(MALLORY),
            ["issued", "rejected", "issued", "completed"],
        ),
        (once, ["issued", "timed_out"]),
        (
            lambda bench: bench.authority.polls.append(AuthorityMisconfigured("invalid_client")),
            ["issued", "failed"],
        ),
    ],
    ids=["completed", "declined", "expired", "rejected", "timed out", "failed"],
)
def test_each_prompt_is_withdrawn_once(
    bench: Bench, face: Face, arrange: Callable[[Bench], None], story: list[str]
) -> None:
    """With its outcome, in the log and to every face; the files are gone, and the phrase stayed the same."""
    arrange(bench)
    bench.signin()
    assert face.story == story
    logged = [e for e in bench.events() if e["event"] in ("signin.code_issued", "signin.withdrawn")]
    assert [str(event.get("outcome", "issued")) for event in logged] == story
    assert (
        {event["phrase"] for event in logged} == {record["phrase"] for record in face.told} == {"amber otter"}
    )
    assert not (bench.state_path / "prompt.json").exists()
    assert face.told[-1]["username"] == (ALICE.username if story[-1] == "completed" else None)


def test_term_withdraws_the_prompt(bench: Bench, face: Face) -> None:
    """Nobody signs in for a role that has ended."""
    once(bench)
    bench.clock.during_sleep = term
    with pytest.raises(Interrupted):
        bench.signin()
    assert face.story == ["issued", "cancelled"]
    assert [event["outcome"] for event in bench.events("signin.withdrawn")] == ["cancelled"]


def test_term_withdraws_only_the_open_prompt(bench: Bench, face: Face) -> None:
    """The first code has expired, which was told; TERM comes during the second."""
    bench.authority.polls.append(Answer.EXPIRED)
    waits = [5.0]

    def look(seconds: float) -> None:
        if not waits:
            term(seconds)
        waits.pop()

    bench.clock.during_sleep = look
    with pytest.raises(Interrupted):
        bench.signin()
    assert face.story == ["issued", "expired", "issued", "cancelled"]


class TakenOver(Nowhere):
    """The Lease, while the prompt is open."""

    def keep(self) -> None:
        """Somebody else has it."""
        raise LeaseHeld("shared-1 is at work")


def test_replica_that_loses_the_lease_withdraws_its_prompt_as_no_failure(bench: Bench, face: Face) -> None:
    """Nobody is alarmed: the other one asks, or has its token already."""
    once(bench)
    bench.elsewhere = lambda *_parts: TakenOver()
    bench.turn()
    assert face.story == ["issued", "cancelled"]


def test_prompt_that_was_cut_off_is_asked_again_by_the_next_start(bench: Bench) -> None:
    """The published token lives yet, and its schedule is far away: a person is needed all the same."""
    assert bench.signin() is None
    bench.authority.revoked = True
    once(bench)
    bench.clock.during_sleep = term
    with pytest.raises(Interrupted):
        bench.turn(at_once=True)
    bench.clock.during_sleep = lambda _seconds: None
    bench.authority.polls.clear()
    prompts = len(bench.events("signin.code_issued"))
    bench.turn()
    assert len(bench.events("signin.code_issued")) == prompts + 1


def test_withdrawal_is_told_when_the_token_is_published(bench: Bench) -> None:
    """Never before: who reads "signed in" finds a token."""
    published: list[bool] = []

    class Watching(Face):
        def tell(self, record: Mapping[str, object]) -> None:
            super().tell(record)
            published.append(bench.published() is not None)

    bench.faces = (Watching(),)
    bench.signin()
    assert published == [False, True]


def test_log_is_reminded_three_times_for_each_code(bench: Bench) -> None:
    """With the address, the code and the time left; polling is as ever."""
    once(bench)
    bench.timeout_seconds = 1800
    bench.signin()
    reminders = bench.events("signin.reminder")
    assert [event["seconds_left"] for event in reminders] == [600, 300, 60] * 2
    codes = [event["user_code"] for event in bench.events("signin.code_issued")]
    assert [event["user_code"] for event in reminders] == [codes[0]] * 3 + [codes[1]] * 3
    assert len(bench.authority.poll_times) == 2 * 900 / 5


def test_person_is_told_why(bench: Bench, face: Face) -> None:
    """The first time that nobody is signed in, later what the authority said, in plain words."""
    bench.signin()
    expired = SigninRequired("invalid_grant", error="invalid_grant", aadsts="700082")
    bench.authority.renewals.append(expired)
    bench.run_for(3600)
    reasons = [record["reason"] for record in face.told if record["event"] == "signin.code_issued"]
    assert reasons == ["Nobody is signed in.", "The last sign-in has expired."]

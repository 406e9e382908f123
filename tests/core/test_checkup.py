"""What `doctor` thinks of what it finds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.account import Account
from sidecar.core.checkup import CHECKS, Check, Outcome, document, failed, summary, words
from sidecar.core.device_code import Answer, PollResult
from sidecar.core.judgement import (
    judge_account,
    judge_certificate,
    judge_clock,
    judge_heartbeat,
    judge_made_up,
    judge_poll,
    judge_prompt,
    judge_published,
    judge_settings,
    judge_user,
    judge_webhook,
)
from sidecar.core.refusal import refusal
from sidecar.core.volume import Access, Volume, judge_readers, judge_volume, room_words
from sidecar.errors import AuthorityBusy, AuthorityMisconfigured
from tests.schemas import objections

NOW = 1_700_000_000
DAY = 86_400
ALICE = Account("alice@contoso.example", "oid", "tid", "home")
SOUND = Volume(
    path="/v",
    nearest="/v",
    exists=True,
    is_directory=True,
    mode=0o777,
    uid=0,
    gid=0,
    free_bytes=1 << 30,
    free_inodes=None,
    read_only=False,
    reachable=True,
)


def outcome(check: Check | None) -> str:
    """In one word, after a look at what holds for every check."""
    assert check is not None
    assert check.name in CHECKS
    assert bool(check.fix) is (check.outcome in (Outcome.WARN, Outcome.FAIL))
    return check.outcome.value


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (judge_settings(3, []), "pass"),
        (judge_settings(3, ["A: b"]), "fail"),
        (judge_user(0, 0, []), "warn"),
        (judge_user(65532, 65532, [2000]), "pass"),
        (judge_account(None, [], sealed=False), "pass"),
        (judge_account(ALICE, [""], sealed=False), "warn"),
        (judge_account(ALICE, ["", "arm"], sealed=True), "pass"),
        (judge_published({}, wanted=[""]), "skip"),
        (judge_published({"": 60}, wanted=[""]), "pass"),
        (judge_published({"": 60}, wanted=["", "arm"]), "warn"),
        (judge_published({"": 60, "arm": 0}, wanted=["", "arm"]), "fail"),
        (judge_heartbeat(None), "skip"),
        (judge_heartbeat(-5), "skip"),
        (judge_heartbeat(180), "pass"),
        (judge_heartbeat(181), "warn"),
        (judge_prompt(None), "pass"),
        (judge_prompt({"expires_on": NOW, "phrase": "amber lake"}), "warn"),
        (judge_webhook(None, "json"), "skip"),
        (judge_webhook("https://hooks.example/x", "slack"), "pass"),
        (judge_webhook("http://hooks.example/x", "json"), "warn"),
        (judge_certificate("TLSv1.3", "CA", expires_on=NOW + 15 * DAY, now=NOW), "pass"),
        (judge_certificate("TLSv1.3", "CA", expires_on=NOW + 13 * DAY, now=NOW), "warn"),
        (judge_clock(None), "skip"),
        (judge_clock(60), "pass"),
        (judge_clock(-61), "warn"),
    ],
)
def test_finding_has_its_outcome(check: Check, expected: str) -> None:
    """What does not fail does not keep anybody from starting."""
    assert outcome(check) == expected


@pytest.mark.parametrize(
    ("volume", "expected", "seen"),
    [
        (SOUND, "pass", "/v (uid 0, gid 0, mode 0777), 1 GiB free"),
        (replace(SOUND, exists=False, nearest="/"), "pass", "/v is not there and can be made"),
        (replace(SOUND, is_directory=False), "fail", "is not a directory"),
        (replace(SOUND, read_only=True), "fail", "read-only"),
        (replace(SOUND, reachable=False), "fail", "/v cannot be written (uid 0, gid 0, mode 0777)"),
        (replace(SOUND, exists=False, nearest="/", reachable=False), "fail", "/v is missing, and / cannot"),
        (replace(SOUND, free_bytes=0), "fail", "full"),
        (replace(SOUND, free_inodes=0), "fail", "full"),
        (replace(SOUND, free_bytes=65536), "warn", "only 64 KiB free"),
        (replace(SOUND, free_inodes=3), "warn", "and 3 inodes"),
    ],
)
def test_volume_is_judged_before_anything_is_written(volume: Volume, expected: str, seen: str) -> None:
    """With what was found there."""
    check = judge_volume("token_directory", volume, setting="SIDECAR_TOKEN_DIR", uid=1, gid=1)
    assert outcome(check) == expected
    assert seen in check.seen


@pytest.mark.parametrize(
    ("volume", "access", "expected"),
    [
        (SOUND, Access(0o640, 2000, 65532), "pass"),
        (SOUND, Access(0o640, 0, 65532), "warn"),
        (SOUND, Access(0o644, 2000, 65532), "warn"),
        (SOUND, Access(0o600, 0, 65532), "pass"),
        (replace(SOUND, mode=0o700), Access(0o640, 2000, 65532), "warn"),
        (replace(SOUND, mode=0o750, gid=2000), Access(0o640, 2000, 65532), "pass"),
        (replace(SOUND, mode=0o750, gid=2001), Access(0o640, 2000, 65532), "warn"),
        (replace(SOUND, mode=0o700, exists=False), Access(0o640, 2000, 65532), "pass"),
    ],
)
def test_readers_have_to_reach_what_they_may_read(volume: Volume, access: Access, expected: str) -> None:
    """A group that cannot enter the volume reads nothing."""
    assert outcome(judge_readers(volume, access)) == expected


def test_client_is_judged_by_two_refusals() -> None:
    """A pending code proves nothing; `invalid_client` is a secret that is wanted; what else comes leaves a
    doubt, and says so.
    """
    assert judge_poll(PollResult(Answer.PENDING)) is None
    assert judge_poll(PollResult(Answer.SLOW_DOWN)) is None
    wanted = AuthorityMisconfigured("secret", advice="flag", error="invalid_client")
    assert outcome(judge_poll(PollResult(Answer.REFUSED, error=wanted))) == "fail"
    busy = AuthorityBusy("503", retry_after=None)
    assert outcome(judge_poll(PollResult(Answer.TROUBLE, error=busy))) == "warn"
    for error, expected in (
        ({"error": "invalid_client", "error_codes": [7000218]}, "fail"),
        ({"error": "unauthorized_client", "error_codes": [7000218]}, "fail"),
        ({"error": "invalid_grant", "error_codes": [9002313]}, "pass"),
        ({"error": "invalid_request"}, "warn"),
        ({"error": "server_error"}, "warn"),
    ):
        assert outcome(judge_made_up(refusal(error))) == expected
    assert outcome(judge_made_up(None)) == "warn"


checks = st.builds(
    Check,
    name=st.sampled_from(list(CHECKS)),
    outcome=st.sampled_from(Outcome),
    seen=st.text(min_size=1),
    fix=st.text(),
)


@given(st.lists(checks, max_size=5))
def test_document_and_lines_are_safe_to_print(made: list[Check]) -> None:
    """Whatever the world said: one object of the schema, and lines that move no cursor, within 80 columns."""
    told = document([replace(check, seen=f"x{check.seen}") for check in made])
    assert objections("doctor", told) == []
    assert told["ok"] is not failed(made)
    for check in made:
        for line in words(check).splitlines():
            assert line.isprintable()
            assert len(line) <= 80 or " " not in line[25:]
    assert summary(made).startswith("\n")


def test_commands_stand_on_lines_of_their_own() -> None:
    """A wrapped one would run in pieces when it is pasted; programs get all in one text."""
    command = "kubectl -n apps create role entra-sidecar --verb=get,update --resource=secrets && " + "x" * 60
    check = Check("cluster_rules", Outcome.FAIL, "missing", "Bind it, or:", (command, "kubectl version"))
    assert words(check).splitlines()[-2:] == [f"  {command}", "  kubectl version"]
    assert document([check])["checks"][0]["fix"] == f"Bind it, or: {command}; kubectl version"


def test_room_is_told_in_the_unit_that_matters() -> None:
    """Whole numbers, rounded down."""
    assert [room_words(size) for size in (0, 65536, 3 << 20, (5 << 30) - 1)] == [
        "0 KiB",
        "64 KiB",
        "3 MiB",
        "4 GiB",
    ]

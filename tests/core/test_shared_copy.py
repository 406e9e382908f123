"""Who is right where the Secret and the pod's own file differ."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.envelope import Remembered
from sidecar.core.kubernetes import shared_copy, shared_record
from sidecar.core.kubernetes.lease import Sighting
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Secret
from sidecar.core.kubernetes.shared_copy import Copy, Step, digest_of
from sidecar.core.kubernetes.shared_record import Record
from sidecar.core.schedule import Anchor
from sidecar.core.token import AccessToken

OLD, MINE, THEIRS = b"old", b"mine", b"theirs"
AGREED = Record("apps/s", "me", serial=4, remote=digest_of(OLD), local=digest_of(OLD))


def decided(copy: Copy, local: bytes | None, *, newer: bool | None = None, record: Record = AGREED) -> Step:
    """`newer` None: nobody may have to compare."""

    def ours_is_newer() -> bool:
        assert newer is not None, "the serials tell"
        return newer

    digest = None if local is None else digest_of(local)
    return shared_copy.step(copy, digest, record, ours_is_newer=ours_is_newer)


def test_each_difference_has_one_answer() -> None:
    """The list at the top of the module, in its order."""
    assert decided(Copy(OLD, 4), OLD) is Step.NOTHING
    assert decided(Copy(OLD, 4), MINE) is Step.SHARE, "what never arrived goes first"
    assert decided(Copy(THEIRS, 5), OLD) is Step.ADOPT, "a higher serial is newer"
    assert decided(Copy(THEIRS, 5), MINE, newer=True) is Step.SHARE
    assert decided(Copy(THEIRS, 5), MINE, newer=False) is Step.ADOPT
    assert decided(Copy(THEIRS, 3), OLD, newer=True) is Step.SHARE, "a backup was restored"
    assert decided(Copy(THEIRS, 5), None) is Step.ADOPT
    assert decided(Copy(None, 0), MINE) is Step.SHARE
    assert decided(Copy(None, 0), None) is Step.NOTHING
    assert decided(Copy(MINE, 5), MINE) is Step.NOTHING, "it had arrived"


def test_first_look_of_a_pod_with_a_state_of_its_own_compares() -> None:
    """SIDECAR_STATE_SECRET was set where a sign-in was already."""
    assert decided(Copy(THEIRS, 5), MINE, newer=False, record=Record()) is Step.ADOPT
    assert decided(Copy(THEIRS, 5), MINE, newer=True, record=Record()) is Step.SHARE


def test_file_that_was_written_anew_for_this_machines_clocks_is_not_owed() -> None:
    """Else two machines would write to each other for ever."""
    record = replace(AGREED, local=digest_of(MINE))
    assert decided(Copy(OLD, 4), MINE, record=record) is Step.NOTHING
    assert decided(Copy(THEIRS, 5), MINE, record=record) is Step.ADOPT


def remembered(issued_on: int | None, told_on: float = 0.0) -> Remembered:
    """With an ID token of that time."""
    payload = base64.urlsafe_b64encode(json.dumps({"iat": issued_on}).encode()).rstrip(b"=").decode()
    msal = {"IdToken": {"k": {"secret": f"h.{payload}.s"}}} if issued_on is not None else {}
    return Remembered(json.dumps(msal), told_at=Anchor(told_on, 0, "b"))


def test_authoritys_clock_tells_which_sign_in_is_newer() -> None:
    """Those of the nodes may be hours off."""
    assert shared_copy.answered_later(remembered(20, told_on=1), remembered(10, told_on=9999))
    assert not shared_copy.answered_later(remembered(10, told_on=9999), remembered(20, told_on=1))
    assert shared_copy.answered_later(remembered(10), remembered(None, told_on=5)), (
        "who signed in, before nobody"
    )
    assert shared_copy.answered_later(remembered(None, told_on=6), remembered(None, told_on=5))


@given(st.text(max_size=60))
def test_damaged_content_is_older_than_anything(msal: str) -> None:
    """No text of a cache ends a turn."""
    assert not shared_copy.answered_later(Remembered(msal), remembered(1))
    nested = Remembered(json.dumps({"IdToken": {"k": {"secret": msal}}}))
    assert not shared_copy.answered_later(nested, remembered(1))


def test_secret_keeps_what_is_not_ours() -> None:
    """Keys, labels and annotations of others stay."""
    secret = Secret(ObjectName("a", "b"), "7", {"x": b"1"}, {"l": "1"}, {"n": "1"})
    written = shared_copy.secret_with(secret, MINE, serial=9, by="me", now=0)
    assert written.data == {"x": b"1", "cache": MINE, "serial": b"9"}
    assert written.labels["l"] == written.annotations["n"] == "1"
    assert written.version == "7"
    assert shared_copy.copy_in(written) == Copy(MINE, 9, "me", 0.0)


@pytest.mark.parametrize("serial", [b"", b"-1", b"x", b"9" * 16, "²".encode()])
def test_serial_that_is_none_is_zero(serial: bytes) -> None:
    """Somebody may have edited it."""
    assert shared_copy.copy_in(Secret(ObjectName("a", "b"), "1", {"serial": serial})).serial == 0


NOW = Anchor(10_000.0, 500.0, "here")


@pytest.mark.parametrize(
    ("told_at", "written_on", "looked", "shift"),
    [
        (Anchor(6_400, 500, "here"), 6_400, None, 3_600),  # the same machine, another wall clock
        (Anchor(9_990, 490, "here"), 9_990, None, 0),
        (Anchor(9_990.0004, 490, "here"), 9_990, None, 0),  # the clocks are read one after the other
        (Anchor(13_600, 0, "there"), 13_600, Anchor(9_900, 400, "here"), -3_700),  # as old as it may be
        (Anchor(6_350, 0, "there"), 6_350, Anchor(9_900, 400, "here"), 3_550),
        (Anchor(9_000, 0, "there"), 9_950, Anchor(9_900, 400, "here"), 0),  # shared late, by a right clock
        (Anchor(13_600, 0, "there"), 13_600, None, 0),  # nobody can tell
        (Anchor(13_600, 0, "there"), None, Anchor(9_900, 400, "here"), 0),
        (Anchor(13_600, 0, "there"), 13_600, Anchor(9_900, 400, "before the reboot"), 0),
    ],
)
def test_anothers_instants_go_by_our_clock(
    told_at: Anchor, written_on: float | None, looked: Anchor | None, shift: float
) -> None:
    """As far as anybody knows, and never so that a token seems to live longer."""
    assert shared_copy.shift_seconds(told_at, written_on, looked, NOW) == shift


def test_token_of_the_future_is_over() -> None:
    """Nobody knows how old it is, where nobody looked before."""
    token = AccessToken("t", 13_600, 17_200, None, "s", ("s",))
    ours = shared_copy.by_our_clock({"": token}, shift=0, now=NOW)
    assert ours[""].expires_on <= NOW.wall
    assert shared_copy.by_our_clock({"": token}, shift=-3_700, now=NOW)[""].expires_on == 13_500


def test_record_is_read_as_it_was_written() -> None:
    """With all that it may hold."""
    full = Record(
        "a/b", "me", 7, "r", "l", 5, NOW, 3.0, Sighting("o", "s", 1, 2, "b"), "o", "e", "k", "turn", 9
    )
    assert shared_record.from_text(shared_record.to_text(full)) == full
    assert shared_record.from_text(shared_record.to_text(Record())) == Record()


@given(st.text(max_size=40) | st.just('{"secret":1e999}') | st.just("[" * 100_000))
def test_any_other_text_is_an_empty_record(text: str) -> None:
    """It costs a comparison, nothing more."""
    assert shared_record.from_text(text) == Record()

"""Answers that are strange but happen: what they must not cost."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.emulator.faults import Answer, Hang
from tests.end_to_end.pod import PATIENCE_SECONDS, Pod, eventually


@pytest.mark.parametrize("interval", [0, -5, "soon", "2.0", None])
def test_no_interval_makes_a_hot_loop(pod: Pod, entra: Emulator, interval: object) -> None:
    """A second at least lies between two polls, and the deadline holds."""
    entra.faults.next("devicecode", Answer(put={"interval": interval}))
    started = time.monotonic()
    code, output = pod.run("signin", SIDECAR_SIGNIN_TIMEOUT="4s")
    assert code == 75, output
    assert time.monotonic() - started < 10
    assert entra.count("token:device_code") <= 4


def test_code_that_is_dead_on_arrival_gets_the_usual_life(pod: Pod, entra: Emulator) -> None:
    """`expires_in` of 0 says nothing; the code is polled all the same."""
    entra.faults.next("devicecode", Answer(put={"expires_in": 0}))
    role = pod.start("signin")
    role.wait_for("signin.waiting")
    entra.approve()
    assert role.end() == 0
    assert len(role.records("signin.code_issued")) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(put={"expires_in": 0}),
        Answer(put={"expires_in": -1}),
        Answer(put={"expires_in": "soon"}),
        Answer(put={"expires_in": "3600.5"}),
        Answer(put={"access_token": "two words"}),
        Answer(put={"id_token": "abc"}),
        Answer(put={"refresh_in": "x", "ext_expires_in": []}),
    ],
    ids=lambda answer: repr(answer.put),
)
def test_odd_renewal_keeps_the_new_refresh_token(signed_in: Pod, entra: Emulator, answer: Answer) -> None:
    """Where refresh tokens work once, the one beside a useless access token is the only one left."""
    entra.policy.rotation = "one-time"
    role = signed_in.start("refresh", "--now")
    role.wait_for("refresh.succeeded")
    assert role.stop()[0] == 0
    entra.faults.next("token:refresh_token", answer)
    again = signed_in.start("refresh", "--now")
    again.wait_for("refresh.succeeded")
    assert again.stop()[0] == 0
    assert entra.count("devicecode") == 1
    assert "Traceback" not in again.output


def test_renewal_without_an_id_token_keeps_the_new_refresh_token(signed_in: Pod, entra: Emulator) -> None:
    """OpenID Connect Core section 12.2 lets a provider leave the ID token out."""
    entra.policy.rotation = "one-time"
    entra.faults.next("token:refresh_token", Answer(drop=("id_token", "client_info")), 3)
    for _ in range(3):
        role = signed_in.start("refresh", "--now")
        role.wait_for("refresh.succeeded")
        assert role.stop()[0] == 0
    assert entra.count("devicecode") == 1


def test_token_without_a_life_of_its_own_gets_ten_minutes(pod: Pod, entra: Emulator) -> None:
    """RFC 6749 section 5.1 lets a provider leave `expires_in` out."""
    entra.policy.approve_after = 0
    entra.faults.next("token:device_code", Answer(drop=("expires_in",)))
    code, output = pod.run("signin")
    assert code == 0, output
    assert 500 < pod.document()["expires_on"] - time.time() <= 600


def with_claims(answer: dict[str, Any], **claims: object) -> None:
    """Change the ID token of an answer; nobody verifies its signature, it came over TLS."""
    head, body, signature = answer["id_token"].split(".")
    content = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | claims
    body = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
    answer["id_token"] = f"{head}.{body}.{signature}"


def test_id_token_for_several_audiences_is_ours_too(pod: Pod, entra: Emulator) -> None:
    """OpenID Connect Core section 2: `aud` may be a list."""
    entra.policy.approve_after = 0
    both = Answer(mutate=lambda answer: with_claims(answer, aud=[entra.client_id, "other"]))
    entra.faults.next("token:device_code", both)
    code, output = pod.run("signin")
    assert code == 0, output


def test_id_token_for_somebody_else_is_refused(pod: Pod, entra: Emulator) -> None:
    """A token that was not meant for this client signs nobody in."""
    entra.policy.approve_after = 0
    entra.faults.next("token:device_code", Answer(mutate=lambda answer: with_claims(answer, aud="other")))
    assert pod.run("signin")[0] == 78
    assert pod.shared() == b""


def test_renewal_for_another_person_is_neither_published_nor_kept(signed_in: Pod, entra: Emulator) -> None:
    """An answer that speaks for Bob does not become Alice's token, nor its refresh token the cache's."""
    before = signed_in.token()
    bob = entra.directory.user("bob").object_id
    entra.faults.next("token:refresh_token", Answer(mutate=lambda a: with_claims(a, oid=bob)))
    role = signed_in.start("refresh", "--now")
    role.wait_for("refresh.failed")
    assert signed_in.token() == before
    assert bob.encode() not in signed_in.stored()
    role.process.send_signal(signal.SIGHUP)
    role.wait_for("refresh.succeeded")
    assert role.stop()[0] == 0


def test_hang_up_of_a_terminal_does_not_end_a_renewal(signed_in: Pod, entra: Emulator) -> None:
    """HUP goes to the whole process group; the refresh token under way is saved."""
    entra.policy.rotation = "one-time"
    entra.faults.next("token:refresh_token", Hang(2, then_answer=True))
    role = signed_in.start("refresh", "--now")
    entra.wait_for("token:refresh_token")
    role.signal_turn(signal.SIGHUP)
    role.wait_for("refresh.succeeded")
    assert role.records("refresh.failed") == []
    assert role.stop()[0] == 0


def test_term_while_the_provider_is_looked_up_is_not_held_back(signed_in: Pod, entra: Emulator) -> None:
    """Signals wait for the request that uses the refresh token, and for no other."""
    (signed_in.private / "discovery.json").unlink()
    before = entra.count("discovery")
    entra.faults.always("discovery", Hang(9))
    role = signed_in.start("refresh", "--now")
    eventually(lambda: entra.count("discovery") > before, "a request for the document")
    code, seconds = role.stop()
    assert (code, seconds < 5) == (0, True)
    assert entra.count("token:refresh_token") == 0


def test_stricter_mode_holds_at_once(signed_in: Pod, entra: Emulator) -> None:
    """A restart with SIDECAR_TOKEN_MODE=0600 does not wait for the next renewal, and asks nobody."""
    before = len(entra.requests)
    assert signed_in.run("signin", SIDECAR_TOKEN_MODE="0600")[0] == 0
    assert (signed_in.tokens / "token").stat().st_mode & 0o777 == 0o600
    assert len(entra.requests) == before


def test_links_that_a_crash_left_unmade_are_made(signed_in: Pod) -> None:
    """A generation without its names heals at the next turn."""
    token = signed_in.token()
    (signed_in.tokens / "token").unlink()
    (signed_in.tokens / "expires_on").unlink()
    assert signed_in.run("signin")[0] == 0
    assert signed_in.token() == token
    assert (signed_in.tokens / "expires_on").exists()


def test_wrong_key_leaves_the_probes_right(
    signed_in: Pod, tmp_path: Path, key_file: Callable[[Path], Path]
) -> None:
    """The published token lives, whatever is wrong with the cache."""
    cache = signed_in.private / "cache"
    assert signed_in.run("signin", SIDECAR_CACHE_KEY_FILE=str(key_file(tmp_path / "key")))[0] == 0
    role = signed_in.start("refresh", "--now", SIDECAR_CACHE_KEY_FILE=str(tmp_path / "key"))
    role.wait_for("refresh.succeeded")
    assert role.stop()[0] == 0
    sealed = cache.read_bytes()
    assert signed_in.run("refresh", SIDECAR_CACHE_KEY_FILE=str(key_file(tmp_path / "other")))[0] == 78
    assert signed_in.run("probe", "readiness")[0] == 0
    assert cache.read_bytes() == sealed


def test_reader_of_the_log_that_goes_away_costs_no_signin(pod: Pod, entra: Emulator) -> None:
    """`signin | grep -m1 …`: the pipe breaks, the person approves, the token is published."""
    read, write = os.pipe()
    process = pod.start_writing_to(write, "signin")
    os.close(write)
    os.read(read, 10)
    os.close(read)
    entra.wait_for("devicecode")
    entra.wait_for("token:device_code")
    entra.approve()
    process.wait(timeout=PATIENCE_SECONDS)
    assert pod.token() != ""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a volume")
def test_full_state_volume_costs_no_refresh_token(
    pod: Pod, entra: Emulator, full: Callable[[Path], Callable[[], None]]
) -> None:
    """Where refresh tokens work once: room is made sure of before one is used."""
    entra.policy.rotation = "one-time"
    entra.policy.approve_after = 0
    free = full(pod.state)
    free()
    assert pod.run("signin")[0] == 0
    free = full(pod.state)
    role = pod.start("refresh", "--now")
    role.wait_for("refresh.failed")
    assert entra.count("token:refresh_token") == 0
    free()
    role.process.send_signal(signal.SIGHUP)
    role.wait_for("refresh.succeeded")
    assert entra.count("devicecode") == 1
    assert role.stop()[0] == 0


@pytest.mark.parametrize("missing", ["device_authorization_endpoint", "token_endpoint"])
def test_provider_that_was_mended_is_believed_at_once(pod: Pod, entra: Emulator, missing: str) -> None:
    """What led to 78 is not kept for a day: the next start asks the provider anew."""
    entra.policy.approve_after = 0
    entra.faults.next("discovery", Answer(drop=(missing,)))
    assert pod.run("signin")[0] == 78
    code, output = pod.run("signin")
    assert code == 0, output


def test_renewal_that_names_nobody_locks_nobody_out(signed_in: Pod, entra: Emulator) -> None:
    """OpenID Connect Core section 12.2 has `sub` repeated, not the user name that is allowed."""
    nameless = Answer(mutate=lambda answer: with_claims(answer, preferred_username=""))
    entra.faults.next("token:refresh_token", nameless)
    name = signed_in.document()["username"]
    role = signed_in.start("refresh", "--now", SIDECAR_ALLOWED_USERS=name)
    role.wait_for("refresh.succeeded")
    assert role.stop()[0] == 0
    assert signed_in.document()["username"] == name
    assert entra.count("devicecode") == 1


def test_account_renamed_out_of_the_list_is_withdrawn(signed_in: Pod, entra: Emulator) -> None:
    """The renewal's ID token shows a name that is not allowed: no token stays, somebody else may sign in."""
    renamed = Answer(mutate=lambda answer: with_claims(answer, preferred_username="smith@contoso.example"))
    entra.faults.next("token:refresh_token", renamed)
    name = signed_in.document()["username"]
    role = signed_in.start("refresh", "--now", SIDECAR_ALLOWED_USERS=name)
    assert role.wait_for("signin.rejected")["username"] == "smith@contoso.example"
    role.wait_for("signin.code_issued")
    assert signed_in.shared() == b""
    assert not any(secret.encode() in signed_in.stored() for secret in entra.secrets)
    entra.approve()
    role.wait_for("signin.completed")
    role.wait_for("token.published")
    assert signed_in.document()["username"] == name
    assert role.stop()[0] == 0

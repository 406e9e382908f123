"""The role `refresh`: a fresh file for as long as the sign-in lasts."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time

import pytest

from tests.emulator import Emulator
from tests.emulator.faults import Drip, Fault, Hang, Html, LostAnswer, Reset, Status
from tests.end_to_end.pod import Pod, eventually


class Reader:
    """An app in a tight loop: it keeps what it should never have seen."""

    def __init__(self, pod: Pod) -> None:
        self.reads = 0
        self.bad: list[str] = []
        self._pod = pod
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stop.wait(0.01):
            self.reads += 1
            try:
                generation = (self._pod.tokens / "..data").resolve(strict=True)
                token = (generation / "token").read_text()
                expires_on = int((generation / "expires_on").read_text())
            except (OSError, ValueError) as error:
                self.bad.append(repr(error))
                continue
            if not token or expires_on <= time.time():
                self.bad.append(f"{expires_on - time.time():.2f} s")


def renewals(entra: Emulator) -> int:
    """How often a refresh token was used."""
    return entra.count("token:refresh_token")


@pytest.mark.parametrize("shell", ["dash", "busybox sh"])
def test_whole_life_in_real_processes(pod: Pod, entra: Emulator, shell: str) -> None:
    """No cache, prompt, published, renewed twice, HUP, revoked, prompt, published, TERM.

    A reader in a loop never sees a missing or an expired token.
    """
    entra.policy.token_life = 15
    role = pod.start("refresh", shell=shell)
    first = role.wait_for("signin.code_issued")
    assert pod.run("probe", "liveness")[0] == 0
    assert pod.run("probe", "startup")[0] == 1
    entra.approve(first["user_code"])
    role.wait_for("token.published")
    eventually(pod.token, "a token")
    with Reader(pod) as reader:
        role.wait_for("refresh.succeeded", 2)
        assert pod.run("probe", "readiness")[0] == 0
        # From here on a life that leaves time for a person beside a busy machine.
        entra.policy.token_life = 60
        before = renewals(entra)
        role.process.send_signal(signal.SIGHUP)
        role.wait_for("refresh.succeeded", 3)
        assert renewals(entra) == before + 1

        entra.revoke()
        role.process.send_signal(signal.SIGHUP)
        second = role.wait_for("signin.code_issued", 2)
        code, line = pod.run("probe", "readiness")
        assert second["user_code"] in line
        entra.approve(second["user_code"])
        role.wait_for("signin.completed", 2)
        role.wait_for("refresh.scheduled", 5)
    assert reader.bad == []
    assert reader.reads > 100
    code, seconds = role.stop()
    assert (code, seconds < 4) == (0, True)
    assert "Traceback" not in role.output


def test_steady_renewal_costs_one_request(signed_in: Pod, entra: Emulator) -> None:
    """Not a look-up more: the discovery document is on disk."""
    before = len(entra.requests)
    role = signed_in.start("refresh")
    role.wait_for("refresh.scheduled")
    assert len(entra.requests) == before
    role.process.send_signal(signal.SIGHUP)
    role.wait_for("refresh.succeeded")
    assert [request.kind for request in entra.requests[before:]] == ["token:refresh_token"]
    assert role.stop()[0] == 0


FAULTS = [
    Reset(),
    Status(500),
    Status(503, retry_after=1),
    Status(429, retry_after=2),
    Html(200),
    LostAnswer(),
]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_transient_fault_costs_no_prompt_and_no_token(signed_in: Pod, entra: Emulator, fault: Fault) -> None:
    """Two requests fail in a row; the published token stays, the next one comes, nobody is asked."""
    published = signed_in.token()
    entra.faults.next("token:refresh_token", fault, 2)
    role = signed_in.start("refresh", "--now")
    failed = role.wait_for("refresh.failed")
    assert failed["token_lives_seconds"] > 3000
    assert signed_in.token() == published
    assert signed_in.run("probe", "readiness")[0] == 0
    role.wait_for("refresh.succeeded")
    assert signed_in.token() != published
    assert entra.count("devicecode") == 1
    assert role.stop()[0] == 0
    assert "Traceback" not in role.output


def test_revoked_signin_ends_the_loop_where_prompting_is_off(signed_in: Pod, entra: Emulator) -> None:
    """SIDECAR_ON_SIGNIN_REQUIRED=exit: 77, and the token that still lives stays published."""
    published = signed_in.token()
    entra.revoke()
    role = signed_in.start("refresh", "--now", SIDECAR_ON_SIGNIN_REQUIRED="exit")
    assert role.end() == 77
    assert signed_in.token() == published
    assert role.records("refresh.signin_required")[0]["aadsts"] == "50173"


def test_declined_prompt_does_not_end_the_loop(pod: Pod, entra: Emulator) -> None:
    """`refresh` asks again later; TERM still ends it with 0."""
    role = pod.start("refresh")
    role.wait_for("signin.code_issued")
    entra.decline()
    failed = role.wait_for("signin.failed")
    assert failed["next_prompt_in_seconds"] == 30
    role.wait_for("refresh.scheduled")
    role.process.send_signal(signal.SIGHUP)
    second = role.wait_for("signin.code_issued", 2)
    entra.approve(second["user_code"])
    role.wait_for("signin.completed")
    assert role.stop()[0] == 0


def test_interaction_required_prompts_once(signed_in: Pod, entra: Emulator) -> None:
    """A policy asks for more: one prompt, and the sign-in settles it."""
    entra.conditional_access(code=50076)
    role = signed_in.start("refresh", "--now")
    prompt = role.wait_for("signin.code_issued")
    assert "multifactor" in role.records("refresh.signin_required")[0]["advice"]
    entra.approve(prompt["user_code"])
    role.wait_for("signin.completed")
    role.wait_for("refresh.scheduled")
    assert len(role.records("signin.code_issued")) == 1
    assert role.stop()[0] == 0


def test_emptied_token_directory_is_filled_without_a_request(signed_in: Pod, entra: Emulator) -> None:
    """A tmpfs that lost its content between two containers."""
    published = signed_in.token()
    for path in signed_in.tokens.iterdir():
        path.unlink() if path.is_symlink() else shutil.rmtree(path)
    before = len(entra.requests)
    role = signed_in.start("refresh")
    role.wait_for("token.published")
    assert signed_in.token() == published
    assert len(entra.requests) == before
    assert role.stop()[0] == 0


def test_two_loops_take_turns(signed_in: Pod, entra: Emulator) -> None:
    """The second waits its turn and is no error; one-time refresh tokens survive."""
    entra.policy.rotation = "one-time"
    entra.policy.token_life = 10
    first, second = signed_in.start("refresh", "--now"), signed_in.start("refresh", "--now")
    for role in (first, second):
        role.wait_for("refresh.scheduled", 3)
    assert entra.count("devicecode") == 1
    for role in (first, second):
        assert role.records("refresh.failed") == []
        assert role.stop()[0] == 0


def test_leftover_of_the_librarys_lock_costs_nothing(signed_in: Pod, entra: Emulator) -> None:
    """A killed turn leaves msal_extensions' lock file behind: no waiting, no lost token."""
    (signed_in.private / "msal.lockfile").write_text("4711 somebody")
    role = signed_in.start("refresh", "--now")
    role.wait_for("refresh.succeeded")
    assert renewals(entra) == 1
    assert role.stop()[0] == 0


def test_back_off_survives_a_restart(signed_in: Pod, entra: Emulator) -> None:
    """A new loop knows of the failures of the old one."""
    entra.faults.always("token", Status(503, retry_after=600))
    role = signed_in.start("refresh", "--now")
    role.wait_for("refresh.failed")
    role.wait_for("refresh.scheduled")
    assert role.stop()[0] == 0
    again = signed_in.start("refresh")
    scheduled = again.wait_for("refresh.scheduled")
    assert 300 < scheduled["in_seconds"] <= 661
    assert again.records("refresh.failed") == []
    assert again.stop()[0] == 0


def test_clock_leap_is_seen_by_the_next_turn(signed_in: Pod) -> None:
    """The anchor of the last turn and today's clocks disagree by an hour: renewed at once."""
    journal = signed_in.private / "journal.json"
    record = json.loads(journal.read_text())
    record["anchor"]["wall"] -= 3600
    journal.write_text(json.dumps(record))
    role = signed_in.start("refresh")
    role.wait_for("clock.leapt")
    role.wait_for("refresh.succeeded")
    assert role.stop()[0] == 0


def test_killed_turn_is_run_again(signed_in: Pod, entra: Emulator) -> None:
    """SIGKILL of Python in the middle of a renewal: the loop goes on, nobody is asked."""
    entra.faults.next("token:refresh_token", Hang(15))
    role = signed_in.start("refresh", "--now")
    entra.wait_for("token:refresh_token")
    role.signal_turn(signal.SIGKILL)
    role.wait_for("refresh.succeeded")
    assert entra.count("devicecode") == 1
    assert role.stop()[0] == 0


def test_term_during_a_renewal_waits_for_the_cache(signed_in: Pod, entra: Emulator) -> None:
    """A refresh token under way is saved before the process ends: the next start needs nobody."""
    entra.policy.rotation = "one-time"
    entra.faults.next("token:refresh_token", Drip(seconds_per_byte=0.0005))
    role = signed_in.start("refresh", "--now")
    entra.wait_for("token:refresh_token")
    code, seconds = role.stop()
    assert (code, seconds < 11) == (0, True)
    again = signed_in.start("refresh", "--now")
    again.wait_for("refresh.succeeded")
    assert entra.count("devicecode") == 1
    assert again.stop()[0] == 0


def test_status_tells_people_and_programs(signed_in: Pod) -> None:
    """A table within 80 columns, and JSON; no token in either."""
    code, table = signed_in.run("status")
    assert code == 0
    assert "alice@contoso.example" in table
    assert "59 min of 60 min" in table
    assert max(map(len, table.splitlines())) <= 80
    code, text = signed_in.run("status", "--json")
    status = json.loads(text)
    assert code == 0
    assert status["tokens"]["token"]["live"] is True
    assert status["prompt"] is None

"""Many audiences from one sign-in: side by side, in one generation, and each with its own fate."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.emulator.faults import Exchange, Fault, Hang, Refuse, Status
from tests.end_to_end.one_turn import Turn, command, one_turn
from tests.end_to_end.pod import Pod
from tests.leaks import Leaks

GRAPH = "https://graph.microsoft.com"
ARM = "https://management.azure.com/.default"
LATENCY_SECONDS = 0.3


def audiences(count: int) -> str:
    """So many further tokens: of one resource, and each with a scope of its own."""
    return " ".join(f"t{number:02}={GRAPH}/Permission.{number:02}" for number in range(count))


def late(seconds: float) -> Fault:
    """The authority is far away."""
    return Hang(seconds, then_answer=True)


def only_for(faults: Mapping[str, Fault]) -> Fault:
    """A fault for each scope that holds a word; the others are answered."""

    def fault(exchange: Exchange) -> None:
        scope = exchange.form().get("scope", "")
        hit = next((each for word, each in faults.items() if word in scope), None)
        hit(exchange) if hit else exchange.send(exchange.process())

    return fault


@pytest.fixture
def turn(signed_in: Pod, leaks: Leaks) -> Callable[..., Turn]:
    """Runs one turn that renews everything."""
    return lambda **settings: one_turn(signed_in, leaks, "refresh", "--now", **settings)


@pytest.mark.serial
def test_fifty_audiences_cost_little_more_time_than_one(
    signed_in: Pod, entra: Emulator, turn: Callable[..., Turn]
) -> None:
    """Fifty requests, each as late as the one, in less than a fifth of the time of fifty; one generation."""
    entra.faults.always("token:refresh_token", late(LATENCY_SECONDS))
    one = turn()
    before = set(signed_in.tokens.glob("..2*"))
    fifty = turn(SIDECAR_TOKENS=audiences(49))
    assert (one.code, fifty.code) == (0, 0)
    assert len(one.records("refresh.succeeded")) == 1
    assert len(fifty.records("refresh.succeeded")) == 50
    assert len(fifty.records("token.published")) == 1
    assert len(set(signed_in.tokens.glob("..2*")) - before) == 1
    assert fifty.seconds - one.seconds < 49 * LATENCY_SECONDS / 3
    assert len(list(signed_in.tokens.glob("t*/token"))) == 49
    assert entra.count("devicecode") == 1


def test_one_that_fails_holds_up_none_of_the_others(
    signed_in: Pod, entra: Emulator, leaks: Leaks, turn: Callable[..., Turn]
) -> None:
    """No consent, an unknown resource, too many requests, no answer at all: each has its own state and
    message in `status`, and the others are fresh in one generation.
    """
    bad: dict[str, Fault] = {
        "consent": Refuse(65001, suberror="consent_required"),
        "busy": Status(429, retry_after=600),
        "silent": Hang(20),
        "none": Refuse(500011),
    }
    entra.faults.always("token:refresh_token", only_for({f"Bad.{name}": each for name, each in bad.items()}))
    tokens = f"{audiences(8)} " + " ".join(f"{name}={GRAPH}/Bad.{name}" for name in bad)
    done = turn(SIDECAR_TOKENS=tokens, SIDECAR_ON_SIGNIN_REQUIRED="exit")
    assert done.code == 0, done.output
    fresh = [record.get("token", "token") for record in done.records("refresh.succeeded")]
    assert sorted(fresh) == sorted(["token", *(f"t{number:02}" for number in range(8))])
    assert len(done.records("token.published")) == 1
    assert entra.count("devicecode") == 1

    status: dict[str, Any] = json.loads(one_turn(signed_in, leaks, "status", "--json").output)
    told = {name: status["tokens"][name] for name in bad}
    assert all(not each["published"] and each["failures"] == 1 for each in told.values())
    words = {"consent": "65001", "busy": "429", "silent": "no complete answer", "none": "500011"}
    for name, word in words.items():
        assert word in told[name]["error"]
    assert told["busy"]["retry_on"] - status["now"] > 500
    assert told["silent"]["retry_on"] - status["now"] < 100
    assert status["tokens"]["t00"]["error"] is None


def test_kill_in_the_middle_loses_nothing(signed_in: Pod, entra: Emulator, turn: Callable[..., Turn]) -> None:
    """Half of the answers are here, none is saved: the refresh token on disk is good at Entra as before."""
    entra.faults.always("token:refresh_token", late(0.5))
    process = command(signed_in, "refresh", "--now", SIDECAR_TOKENS=audiences(49))
    entra.wait_for("token:refresh_token", 20)
    process.kill()
    process.communicate()
    entra.faults.clear()
    assert turn(SIDECAR_TOKENS=audiences(49)).code == 0
    assert len(list(signed_in.tokens.glob("t*/token"))) == 49
    assert entra.count("devicecode") == 1


def test_term_in_the_middle_loses_nothing(signed_in: Pod, entra: Emulator, turn: Callable[..., Turn]) -> None:
    """What is under way is waited for and saved, nothing else begins, and the next turn does the rest."""
    entra.faults.always("token:refresh_token", late(1))
    process = command(signed_in, "refresh", "--now", SIDECAR_TOKENS=audiences(49))
    entra.wait_for("token:refresh_token", 5)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 143, output
    begun = entra.count("token:refresh_token")
    assert begun <= 32
    assert output.count('"refresh.succeeded"') == begun
    entra.faults.clear()
    done = turn(SIDECAR_TOKENS=audiences(49))
    assert done.code == 0
    assert len(list(signed_in.tokens.glob("t*/token"))) == 49
    assert entra.count("devicecode") == 1


def test_one_after_the_other_where_a_use_spends_the_refresh_token(
    new_pod: Callable[..., Pod], entra: Emulator, leaks: Leaks
) -> None:
    """At any other provider no refresh token is used twice: reuse would end the sign-in."""
    entra.policy.rotation = "one-time"
    entra.policy.approve_after = 0
    pod = new_pod(
        SIDECAR_OIDC_AUTHORITY=f"{entra.authority}/v2.0",
        AZURE_CLIENT_ID=entra.client_id,
        SIDECAR_CA_FILE=str(entra.ca_file),
        SIDECAR_SCOPES=f"openid offline_access {GRAPH}/.default",
        SIDECAR_TOKENS=audiences(9),
    )
    assert one_turn(pod, leaks, "signin").code == 0
    entra.faults.always("token:refresh_token", late(0.1))
    for _ in range(2):
        done = one_turn(pod, leaks, "refresh", "--now")
        assert done.code == 0
        assert len(done.records("refresh.succeeded")) == 10, done.output
    assert entra.count("devicecode") == 1


def test_audiences_come_and_go_without_a_new_signin(
    signed_in: Pod, entra: Emulator, turn: Callable[..., Turn]
) -> None:
    """A change of SIDECAR_TOKENS between turns is one request for what is new, and nobody is asked."""
    before = entra.count("token:refresh_token")
    assert turn(SIDECAR_TOKENS=f"arm={ARM}").code == 0
    assert signed_in.document("arm")["resource"] == "https://management.azure.com"
    assert entra.count("token:refresh_token") == before + 2
    assert turn().code == 0
    assert not (signed_in.tokens / "arm").exists()
    assert entra.count("devicecode") == 1


def test_consent_for_one_more_audience_is_asked_for_once(signed_in: Pod, entra: Emulator) -> None:
    """`refresh` shows one prompt for it, its sign-in serves all, and the others stay published meanwhile."""
    entra.withhold_consent("https://management.azure.com")
    role = signed_in.start("refresh", SIDECAR_TOKENS=f"arm={ARM}")
    prompt = role.wait_for("signin.code_issued")
    assert prompt["scopes"] == [ARM]
    assert signed_in.token()
    entra.give_consent("https://management.azure.com")
    entra.approve(prompt["user_code"])
    role.wait_for("refresh.scheduled")
    assert signed_in.document("arm")["username"] == "alice@contoso.example"
    assert len(role.records("signin.code_issued")) == 1
    assert role.stop()[0] == 0


def test_audience_put_first_ends_no_loop(signed_in: Pod, entra: Emulator) -> None:
    """Where nobody may be prompted, one more audience without consent is put off wherever it stands."""
    named = {"SIDECAR_SCOPES": "", "SIDECAR_ON_SIGNIN_REQUIRED": "exit"}
    graph = f"graph={GRAPH}/.default"
    first = signed_in.start("refresh", **named, SIDECAR_TOKENS=graph)
    first.wait_for("refresh.scheduled")
    assert first.stop()[0] == 0
    entra.withhold_consent("https://management.azure.com")
    role = signed_in.start("refresh", **named, SIDECAR_TOKENS=f"arm={ARM} {graph}")
    assert role.wait_for("refresh.failed")["token"] == "arm"
    role.wait_for("refresh.scheduled")
    assert role.process.poll() is None
    assert signed_in.document("graph")["access_token"]
    assert role.stop()[0] == 0

"""The role `signin`: a person is asked, checked, and never asked for nothing."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.emulator.faults import Fault, Hang, Html, Reset, Status
from tests.end_to_end.pod import Pod, eventually


def test_signin_publishes_what_apps_read(pod: Pod, entra: Emulator) -> None:
    """Prompt, approval, three files that agree, and a token that the API accepts; exit code 0."""
    role = pod.start("signin")
    prompt = role.wait_for("signin.code_issued")
    assert prompt["verification_uri"] == f"{entra.authority_host}/devicelogin"
    assert (prompt["tenant_id"], prompt["client_id"]) == (entra.tenant_id, entra.client_id)
    assert list(pod.tokens.iterdir()) == []
    entra.approve(prompt["user_code"])
    assert role.end() == 0

    document = pod.document()
    assert document["access_token"] == pod.token()
    assert document["username"] == "alice@contoso.example"
    assert document["resource"] == "https://graph.microsoft.com"
    assert set(document) == {
        *("access_token", "token_type", "expires_on", "refresh_on", "scope", "resource"),
        *("tenant_id", "client_id", "username", "object_id"),
    }
    assert (pod.tokens / "expires_on").read_text() == f"{document['expires_on']}\n"
    assert abs(document["expires_on"] - time.time() - entra.policy.token_life) < 30
    assert (pod.tokens / "token").stat().st_mode & 0o777 == 0o640
    assert (pod.tokens / "..data").resolve().stat().st_mode & 0o777 == 0o750


def test_prompt_is_printed_at_every_level_and_in_both_formats(pod: Pod, entra: Emulator) -> None:
    """Console at level error: the banner for people and one JSON line; nothing else."""
    role = pod.start("signin", SIDECAR_LOG_LEVEL="error", SIDECAR_LOG_FORMAT="console")
    prompt = role.wait_for("signin.code_issued")
    entra.approve()
    assert role.end() == 0
    before, _, after = role.output.partition('{"event": "signin.code_issued"')
    assert prompt["user_code"] in before
    assert prompt["verification_uri"] in before
    assert after.count("\n") == 1
    assert max(map(len, before.splitlines())) <= 80


def test_every_line_is_json_when_asked_for(pod: Pod, entra: Emulator) -> None:
    """SIDECAR_LOG_FORMAT=json: prompt and events alike."""
    entra.policy.approve_after = 0
    _, output = pod.run("signin")
    assert all(line.startswith("{") for line in output.splitlines())


def test_second_signin_makes_no_request(signed_in: Pod, entra: Emulator) -> None:
    """A restarted init container finds a live token and returns."""
    before = len(entra.requests)
    assert signed_in.run("signin")[0] == 0
    assert len(entra.requests) == before


def test_cached_signin_needs_nobody(signed_in: Pod, entra: Emulator) -> None:
    """With an expired token and a cache, one request brings a new one."""
    entra.policy.token_life = 3600
    for path in signed_in.tokens.iterdir():
        if path.is_symlink():
            path.unlink()
    code, output = signed_in.run("signin", SIDECAR_SCOPES="User.Read")
    assert code == 0
    assert "code_issued" not in output
    assert [r.kind for r in entra.requests][-1] == "token:refresh_token"


FAULTS: list[Fault] = [
    Reset(),
    Status(503),
    Status(503, retry_after=1),
    Status(429, retry_after=1),
    Html(200),
    Html(403),
]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_trouble_while_polling_keeps_the_code(pod: Pod, entra: Emulator, fault: Fault) -> None:
    """The network and the authority may fail between two polls: same code, same prompt."""
    entra.faults.next("token:device_code", fault, 2)
    role = pod.start("signin")
    role.wait_for("signin.trouble", 2)
    entra.approve()
    assert role.end() == 0
    assert len(role.records("signin.code_issued")) == 1


def test_expired_code_is_replaced(pod: Pod, entra: Emulator) -> None:
    """A new prompt, and the old one counts no more."""
    role = pod.start("signin")
    role.wait_for("signin.code_issued")
    entra.expire_codes()
    second = role.wait_for("signin.code_issued", 2)
    entra.approve(second["user_code"])
    assert role.end() == 0


def test_declined_signin_says_so(pod: Pod, entra: Emulator) -> None:
    """77, nothing published."""
    role = pod.start("signin")
    role.wait_for("signin.code_issued")
    entra.decline()
    assert role.end() == 77
    assert "declined" in role.records("signin.failed")[0]["message"]
    assert list(pod.tokens.iterdir()) == []


def test_deadline_has_its_own_code_and_names_the_setting(pod: Pod) -> None:
    """75 when nobody came in time."""
    code, output = pod.run("signin", SIDECAR_SIGNIN_TIMEOUT="2s")
    assert code == 75
    assert "SIDECAR_SIGNIN_TIMEOUT" in output


def test_wrong_account_gets_nothing_in(pod: Pod, entra: Emulator) -> None:
    """Neither a byte on the shared volume nor one in the cache; the log names who was refused."""
    entra.policy.foreign_users = True
    role = pod.start("signin")
    first = role.wait_for("signin.code_issued")
    entra.approve(first["user_code"], user="mallory")
    rejected = role.wait_for("signin.rejected")
    assert rejected["username"] == "mallory@fabrikam.example"
    role.wait_for("signin.code_issued", 2)
    assert pod.shared() == b""
    assert not any(secret.encode() in pod.stored() for secret in entra.secrets)
    assert b"mallory" not in pod.stored()
    entra.approve(user="alice")
    assert role.end() == 0
    assert b"mallory" not in pod.stored()


def test_allowed_users_are_known_by_name_or_object_id(pod: Pod, entra: Emulator) -> None:
    """Bob is refused where only Alice's object id is allowed."""
    alice = entra.directory.user("alice").object_id
    role = pod.start("signin", SIDECAR_ALLOWED_USERS=alice.upper())
    role.wait_for("signin.code_issued")
    entra.approve(user="bob")
    role.wait_for("signin.rejected")
    role.wait_for("signin.code_issued", 2)
    entra.approve(user="alice")
    assert role.end() == 0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signal_at_an_open_prompt_ends_within_a_second(pod: Pod, signum: int) -> None:
    """143 for TERM, 130 for INT, the prompt withdrawn, nothing half-written."""
    role = pod.start("signin")
    role.wait_for("signin.waiting")
    code, seconds = role.stop(signum)
    assert (code, seconds < 4) == (128 + signum, True)
    assert not (pod.private / "prompt.json").exists()
    assert list(pod.tokens.iterdir()) == []


def test_signal_at_any_moment_leaves_all_or_nothing(pod: Pod, entra: Emulator) -> None:
    """TERM 0-600 ms after the start: over within a second, and either a whole token or none."""
    entra.policy.approve_after = 0
    chance = random.Random(7)
    codes = set()
    for _ in range(12):
        role = pod.start("signin")
        time.sleep(chance.uniform(0.0, 0.6))
        code, seconds = role.stop()
        codes.add(code)
        assert seconds < 4, role.output
        assert "Traceback" not in role.output
        names = {path.name for path in pod.tokens.iterdir() if not path.name.startswith("..")}
        assert names in (set(), {"token", "token.json", "expires_on"})
        assert not list(pod.tokens.glob("..new"))
    assert codes <= {143, 0, -15}


def test_hanging_authority_does_not_hold_up_a_signal(pod: Pod, entra: Emulator) -> None:
    """TERM while a request hangs: the answer is not waited for."""
    entra.faults.next("discovery", Hang(30))
    role = pod.start("signin")
    entra.wait_for("discovery")
    code, seconds = role.stop()
    assert (code, seconds < 4) == (143, True)


def test_prompting_can_be_off(pod: Pod, entra: Emulator) -> None:
    """SIDECAR_ON_SIGNIN_REQUIRED=exit: 77 without asking for a code."""
    code, _ = pod.run("signin", SIDECAR_ON_SIGNIN_REQUIRED="exit")
    assert code == 77
    assert entra.count("devicecode") == 0


def test_language_reaches_the_authority(pod: Pod, entra: Emulator) -> None:
    """SIDECAR_PROMPT_LANGUAGE: Entra's own words come in it, and people are shown them."""
    entra.policy.approve_after = 0
    _, output = pod.run("signin", SIDECAR_PROMPT_LANGUAGE="de-DE", SIDECAR_LOG_FORMAT="console")
    banner = " ".join(line.strip() for line in output.splitlines() if not line.startswith("{"))
    record = next(json.loads(line) for line in output.splitlines() if line.startswith("{"))
    assert "anmelden" in record["message"].lower()
    assert record["message"] in banner


def test_prompt_says_who_asks_what_for_and_why(pod: Pod, entra: Emulator) -> None:
    """SIDECAR_PROMPT_FROM and SIDECAR_PROMPT_PURPOSE, and the phrase that all events of one sign-in share."""
    entra.policy.approve_after = 0
    _, output = pod.run(
        "signin", SIDECAR_PROMPT_FROM="finance/report-0", SIDECAR_PROMPT_PURPOSE="nightly report"
    )
    events = {event["event"]: event for event in map(json.loads, output.splitlines())}
    issued = events["signin.code_issued"]
    assert [issued[key] for key in ("host", "purpose", "reason")] == [
        "finance/report-0",
        "nightly report",
        "Nobody is signed in.",
    ]
    told = [events[name]["phrase"] for name in ("signin.withdrawn", "signin.completed")]
    assert told == [issued["phrase"]] * 2
    assert len(issued["phrase"].split()) == 2


def test_named_tokens_come_from_one_prompt(pod: Pod, entra: Emulator) -> None:
    """Three audiences, one approval, one generation."""
    entra.policy.approve_after = 0
    code, output = pod.run(
        "signin",
        SIDECAR_TOKENS="arm=https://management.azure.com/.default vault=https://vault.azure.net/.default",
    )
    assert code == 0, output
    assert entra.count("devicecode") == 1
    assert pod.document("arm")["resource"] == "https://management.azure.com"
    assert pod.document("vault")["resource"] == "https://vault.azure.net"
    assert len({pod.document(name)["access_token"] for name in ("", "arm", "vault")}) == 3


def test_damaged_cache_is_set_aside_and_leads_to_a_prompt(signed_in: Pod, entra: Emulator) -> None:
    """A cut file: a warning that says where it lies now, and a new sign-in; no traceback."""
    cache = signed_in.private / "cache"
    cache.write_bytes(cache.read_bytes()[:200])
    entra.policy.approve_after = 0
    role = signed_in.start("signin")
    assert role.end() == 0
    aside = Path(role.records("cache.set_aside")[0]["path"])
    assert aside.stat().st_size == 200
    assert aside.stat().st_mode & 0o777 == 0o600
    assert len(role.records("signin.code_issued")) == 1


def test_sealed_cache_opens_with_its_key_alone(
    pod: Pod, entra: Emulator, tmp_path: Path, key_file: Callable[[Path], Path]
) -> None:
    """No secret readable; another key is refused with 78 and the file is left byte for byte."""
    key, other = key_file(tmp_path / "key"), key_file(tmp_path / "other")
    entra.policy.approve_after = 0
    assert pod.run("signin", SIDECAR_CACHE_KEY_FILE=str(key))[0] == 0
    sealed = (pod.private / "cache").read_bytes()
    assert not any(secret.encode() in pod.stored() for secret in entra.secrets)

    code, output = pod.run("signin", SIDECAR_CACHE_KEY_FILE=str(other))
    assert code == 78
    assert "SIDECAR_CACHE_KEY_FILE" in output
    assert pod.run("signin")[0] == 78
    assert (pod.private / "cache").read_bytes() == sealed
    assert pod.run("signin", SIDECAR_CACHE_KEY_FILE=str(key))[0] == 0
    assert entra.count("devicecode") == 1


def test_refresh_token_never_reaches_the_shared_volume(signed_in: Pod, entra: Emulator) -> None:
    """Of all secrets issued only the published access token is found there."""
    shared = signed_in.shared()
    found = {secret for secret in entra.secrets if secret.encode() in shared}
    assert found == {signed_in.token()}


def test_waiting_app_starts_when_the_token_is_there(pod: Pod, entra: Emulator) -> None:
    """`wait` returns as soon as readiness holds; the prompt is in the probe's line until then."""
    role = pod.start("signin")
    prompt = role.wait_for("signin.waiting") and role.records("signin.code_issued")[0]
    waiting = pod.start("wait", "20")
    code, line = pod.run("probe", "startup")
    assert code == 1
    assert prompt["user_code"] in line
    entra.approve()
    assert role.end() == 0
    assert waiting.end() == 0
    assert pod.run("probe", "readiness")[0] == 0
    eventually(lambda: pod.token() != "", "a token")


def test_new_pod_of_the_same_machine_has_its_own_signin(
    pod: Pod, new_pod: Callable[..., Pod], entra: Emulator
) -> None:
    """Two pods share nothing but the authority."""
    entra.policy.approve_after = 0
    other = new_pod(
        **{k: v for k, v in pod.settings.items() if k not in ("SIDECAR_TOKEN_DIR", "SIDECAR_STATE_DIR")}
    )
    assert pod.run("signin")[0] == other.run("signin")[0] == 0
    assert entra.count("devicecode") == 2
    assert pod.token() != other.token()

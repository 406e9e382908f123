"""The stand-in for Entra: scripted over HTTP, run as a program, and what it logs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.emulator import Emulator, faults
from tests.emulator.client import Client

ROOT = Path(__file__).parents[1]


@pytest.fixture
def client(entra: Emulator) -> Iterator[Client]:
    """MSAL in front of it."""
    with Client(entra) as made:
        yield made


def test_a_whole_sign_in_can_be_scripted_over_http(entra: Emulator, client: Client) -> None:
    """Codes, approve, decline, expire, revoke, and the log of requests without these."""
    flow = client.begin()
    assert client.control("GET", "codes").json() == {"user_codes": [flow["user_code"]]}
    body = {"user_code": flow["user_code"].lower(), "user": "bob"}
    assert client.control("POST", "approve", body).json() == {"approved": [flow["user_code"]]}
    token = client.poll(flow)["refresh_token"]
    assert client.control("POST", "revoke", {"user": "bob", "code": 70043}).json() == {"revoked": 1}
    assert client.post_refresh(token).json()["error_codes"] == [70043]
    assert client.control("POST", "conditional_access", {"user": "bob"}).json() == {"refused": 1}
    assert client.post_refresh(token).json()["error"] == "interaction_required"
    for end, error in (("decline", "authorization_declined"), ("expire", "expired_token")):
        flow = client.begin()
        assert client.control("POST", end).status_code == 200
        assert client.poll(flow)["error"] == error
    logged = client.control("GET", "requests?kind=devicecode").json()["requests"]
    assert [(r["method"], r["status"]) for r in logged] == [("POST", 200)] * 3
    assert {r.kind for r in entra.requests} == {
        "discovery",
        "devicecode",
        "token:device_code",
        "token:refresh_token",
    }
    assert set(client.control("GET", "secrets").json()["secrets"]) == entra.secrets
    client.control("DELETE", "requests")
    assert entra.requests == []


def test_faults_clock_and_policy_can_be_set_over_http(entra: Emulator, client: Client) -> None:
    """The same faults by name, counted or standing, and the clock."""
    token = client.sign_in()["refresh_token"]
    fault: dict[str, object] = {"name": "status", "status": 503, "retry_after": 2}
    client.control("POST", "faults", {"kind": "token", "fault": fault, "times": 2})
    assert [client.post_refresh(token).status_code for _ in range(3)] == [503, 503, 200]
    fault = {"name": "answer", "put": {"expires_in": -1}, "drop": ["scope"]}
    client.control("POST", "faults", {"kind": "token", "fault": fault, "always": True, "seconds": 60})
    answer = client.post_refresh(token).json()
    assert answer["expires_in"] == -1
    assert "scope" not in answer
    assert client.control("POST", "clock", {"offset": 10, "advance": 60}).json()["offset"] == 70
    assert client.post_refresh(token).json()["expires_in"] == 3600
    assert client.control("POST", "policy", {"token_life": 9}).json()["token_life"] == 9
    assert client.post_refresh(token).json()["expires_in"] == 9
    client.control("POST", "faults", {"kind": "*", "fault": {"name": "html"}, "always": True})
    client.control("DELETE", "faults")
    assert client.post_refresh(token).status_code == 200
    info = client.control("GET", "info").json()
    assert (info["authority_host"], info["policy"]["token_life"]) == (entra.authority_host, 9)
    assert client.control("GET", "health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("approve", {}, 404),
        ("revoke", {"user": "nobody"}, 404),
        ("revoke", {"code": 1}, 400),
        ("faults", {"kind": "token", "fault": {"name": "gremlin"}}, 400),
        ("faults", {"kind": "token", "fault": {"name": "status"}}, 400),
        ("faults", {"kind": "token", "fault": {"name": "refuse", "code": 1}}, 400),
        ("faults", {"kind": "token", "fault": {"name": "answer", "mutate": "x"}}, 400),
        ("faults", {}, 400),
        ("faults", {"kind": "tokens", "fault": {"name": "reset"}}, 400),
        ("policy", {"token_lif": 1}, 400),
        ("policy", {"token_life": "1"}, 400),
        ("policy", {"rotation": "sometimes"}, 400),
        ("policy", {"user": "nobody"}, 404),
        ("clock", {"offset": "soon"}, 400),
        ("nothing", {}, 404),
        ("clock", [], 400),
    ],
)
def test_mistakes_in_a_script_are_told(client: Client, name: str, content: object, status: int) -> None:
    """4xx with a sentence that says what is wrong."""
    response = client.control("POST", name, content)
    assert response.status_code == status
    assert response.json()["error"]


def test_the_access_log_has_a_line_per_request_and_no_secret(tmp_path: Path) -> None:
    """Not even of a request that carries a secret in its path or query."""
    log = tmp_path / "access.log"
    with Emulator(access_log=log) as entra, Client(entra) as client:
        answer = client.sign_in()
        client.post_refresh(answer["refresh_token"])
        client.get(f"/{answer['refresh_token']}?token={answer['access_token']}", answer["access_token"])
        secrets = entra.secrets
    lines = log.read_text().splitlines()
    kinds = [line.split()[3] for line in lines]
    assert kinds == ["discovery", "devicecode", "token:device_code", "token:refresh_token", "other"]
    assert [line.split()[4] for line in lines] == ["200", "200", "200", "200", "404"]
    assert not [secret for secret in secrets if secret in log.read_text()]


def test_waiting_for_a_request_is_bounded(entra: Emulator, client: Client) -> None:
    """It returns what came, and else says what did come instead."""
    client.begin()
    assert [r.status for r in entra.wait_for("devicecode")] == [200]
    with pytest.raises(TimeoutError, match=r"0 of 1 token requests; seen: \['discovery 200'"):
        entra.wait_for("token", timeout_seconds=0.05)


def test_misspelt_kinds_are_refused(entra: Emulator) -> None:
    """A fault that never strikes and a count that is always zero prove nothing."""
    for use in (entra.count, entra.wait_for, lambda kind: entra.faults.next(kind, faults.Reset())):
        with pytest.raises(ValueError, match="no kind of request is 'token:refresh'"):
            use("token:refresh")


def test_a_mistake_of_the_emulators_own_ends_the_test_that_met_it() -> None:
    """The client sees a cut connection, and the `with` raises what happened."""

    with pytest.raises(ZeroDivisionError):
        _meet_a_mistake()


def _meet_a_mistake() -> None:
    def stumble(_answer: object) -> None:
        raise ZeroDivisionError

    with Emulator() as entra, Client(entra) as client:
        entra.faults.next("devicecode", faults.Answer(stumble))
        with pytest.raises(requests.ConnectionError):
            client.begin()


def test_wrong_methods_and_bodies_are_refused(client: Client, entra: Emulator) -> None:
    """405 with Allow; a body without a length is not read."""
    response = client.session.get(f"{entra.authority}/oauth2/v2.0/token", timeout=5)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    chunks = iter([b"a=b"])
    response = client.session.post(f"{entra.authority}/oauth2/v2.0/token", data=chunks, timeout=5)
    assert (response.status_code, response.headers["Connection"]) == (411, "close")


def test_every_answer_names_its_ids_and_keeps_the_connection(client: Client) -> None:
    """x-ms-request-id is new each time, client-request-id is the caller's; one connection for all."""
    first = client.get("/v1.0/me", **{"client-request-id": "mine"})
    second = client.get("/v1.0/me")
    assert first.headers["client-request-id"] == "mine"
    assert first.headers["x-ms-request-id"] != second.headers["x-ms-request-id"]
    pool = client.session.get_adapter("https://").poolmanager  # type: ignore[attr-defined]
    assert [p.num_connections for p in (pool.pools[key] for key in pool.pools.keys())] == [1]  # noqa: SIM118


def test_a_client_that_does_not_trust_the_ca_is_turned_away(entra: Emulator) -> None:
    """And the emulator goes on, without a word."""
    with requests.Session() as stranger:
        stranger.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            stranger.get(entra.authority_host, timeout=5)
    with Client(entra) as client:
        assert "user_code" in client.begin()


def test_certificates_in_a_directory_survive_a_restart(tmp_path: Path) -> None:
    """Who trusted ca.pem of the directory still trusts the next stand-in; the keys are for nobody else."""
    with Emulator(tls_dir=tmp_path) as entra:
        trusted = (tmp_path / "ca.pem").read_bytes()
        assert (tmp_path / "server.pem").stat().st_mode & 0o077 == 0
        first = entra.leaf_spki
    with Emulator(tls_dir=tmp_path) as entra, requests.Session() as session:
        session.trust_env, session.verify = False, str(tmp_path / "ca.pem")
        assert session.get(f"{entra.authority_host}/_control/health", timeout=5).ok
        assert entra.leaf_spki == first
    assert (tmp_path / "ca.pem").read_bytes() == trusted


def test_the_prompt_names_the_page_as_people_reach_it() -> None:
    """Between containers the authority's name is not the one that a browser outside can open."""
    with Emulator(page_url="https://localhost:8443/devicelogin") as entra, Client(entra) as client:
        answer = client.begin()
        assert answer["verification_uri"] == "https://localhost:8443/devicelogin"
        assert "https://localhost:8443/devicelogin" in answer["message"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_a_program_it_writes_its_files_and_ends_on_a_signal(tmp_path: Path, number: int) -> None:
    """The URL file appears last; the end is within a second, exit code 0, nothing on stderr."""
    ca, url = tmp_path / "ca.pem", tmp_path / "url"
    options = f"--ca-out {ca} --url-out {url} --token-life 5 --approve-after 0 --user bob --interval 2"
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.emulator", *options.split()],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        info = json.loads(program.stdout.readline())
        assert url.read_text().strip() == info["authority_host"]
        with requests.Session() as session:
            session.trust_env, session.verify = False, str(ca)
            policy = session.get(f"{info['authority_host']}/_control/info", timeout=5).json()["policy"]
        assert (policy["token_life"], policy["approve_after"], policy["user"]) == (5, 0, "bob")
        started = time.monotonic()
        program.send_signal(number)
        out, err = program.communicate(timeout=10)
    finally:
        if program.poll() is None:
            program.kill()
            program.communicate()
    assert (program.returncode, out, err) == (0, "", "")
    assert time.monotonic() - started < 4

"""The image as engines run it: hardened, as any user, with and without volumes and network."""

from __future__ import annotations

import json
import re
from datetime import datetime

import pytest

from tests.engines.docker import HARDENED, PRODUCT, Container, Engine, docker, eventually
from tests.engines.stand_in import StandIn

pytestmark = pytest.mark.image

VOLUMES = ("--tmpfs", "/var/run/secrets/entra", "--tmpfs", "/var/lib/entra-sidecar")
USERS = ["65532:65532", "1000680000:0", "4711:4711", "0:0"]
"""The image's own; OpenShift's random uid with group 0; anybody; root without capabilities."""


@pytest.mark.parametrize("user", USERS)
def test_it_signs_in_and_renews_hardened_as_any_user(
    docker_engine: Engine, entra: StandIn, user: str
) -> None:
    """Read-only root, no capability, no new privileges, and no more than two tmpfs."""
    refresh = docker_engine.run(*HARDENED, *VOLUMES, "--user", user, *entra.options(), PRODUCT, "refresh")
    entra.approve()
    refresh.wait_for("refresh.succeeded")
    assert "ok: token live" in refresh.execute("/entrypoint.sh", "probe", "startup")


def test_it_needs_no_volume_to_be_tried(docker_engine: Engine, entra: StandIn) -> None:
    """The directories in the image itself will do, for a container that is thrown away."""
    signin = docker_engine.run("--cap-drop=ALL", *entra.options(), PRODUCT, "signin")
    entra.approve()
    assert signin.wait() == 0


def test_a_read_only_root_without_volumes_is_named(docker_engine: Engine, entra: StandIn) -> None:
    """73, the directory, and what to do, before anybody is asked."""
    code, printed = docker_engine.once(*HARDENED, *entra.options(), PRODUCT, "signin")
    assert code == 73
    assert "/run/secrets/entra" in printed or "/var/lib/entra-sidecar" in printed
    assert "read-only" in printed.lower()
    assert entra.count("devicecode") == 0


def test_without_settings_it_says_what_is_missing(docker_engine: Engine) -> None:
    """The first thing that anybody does with an image: all mistakes at once, and 78."""
    code, printed = docker_engine.once(*HARDENED, *VOLUMES, PRODUCT, "signin")
    assert code == 78
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "SIDECAR_SCOPES"):
        assert name in printed


def test_without_a_role_it_says_where_to_read_on(docker_engine: Engine) -> None:
    """`docker run IMAGE` alone: 64 and the way to `--help`, which lists the roles."""
    code, printed = docker_engine.once(*HARDENED, PRODUCT)
    assert code == 64
    assert "--help" in printed
    code, printed = docker_engine.once(*HARDENED, PRODUCT, "--help")
    assert code == 0
    assert "signin" in printed
    assert "refresh" in printed


def test_without_a_network_it_starts_and_says_what_it_cannot_reach(docker_engine: Engine) -> None:
    """A host that does not resolve is named, with the exit code for it."""
    settings = {
        "AZURE_CLIENT_ID": "3d8f9c1e-2b47-4e6a-b0c5-91f2a7d4c103",
        "AZURE_TENANT_ID": "6f1d3c52-8a0b-4c77-9a43-0c0a5e7d1c01",
        "SIDECAR_SCOPES": "User.Read",
        "SIDECAR_SIGNIN_TIMEOUT": "5s",
    }
    environment = [option for name, value in settings.items() for option in ("--env", f"{name}={value}")]
    code, printed = docker_engine.once(*HARDENED, *VOLUMES, "--network=none", *environment, PRODUCT, "signin")
    assert code == 69
    assert "login.microsoftonline.com" in printed
    assert "Traceback" not in printed


def test_a_named_volume_keeps_the_sign_in(docker_engine: Engine, entra: StandIn) -> None:
    """A second container with the same state volume, and an empty token directory, asks nobody."""
    state = docker_engine.volume()
    options = (*HARDENED, "--tmpfs", "/var/run/secrets/entra", "--volume", f"{state}:/var/lib/entra-sidecar")
    first = docker_engine.run(*options, *entra.options(), PRODUCT, "signin")
    entra.approve()
    assert first.wait() == 0
    second = docker_engine.run(*options, *entra.options(), PRODUCT, "signin")
    assert second.wait() == 0
    assert entra.count("devicecode") == 1
    assert "signin.code_issued" not in second.logs()


def test_an_app_of_another_user_reads_the_token_and_nothing_else(
    docker_engine: Engine, entra: StandIn
) -> None:
    """It mounts the token directory alone, with the sidecar's group; another group reads nothing."""
    tokens = docker_engine.volume("--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=mode=1777")
    refresh = docker_engine.run(
        *(*HARDENED, "--tmpfs", "/var/lib/entra-sidecar", "--volume", f"{tokens}:/run/secrets/entra"),
        *(*entra.options(), PRODUCT, "refresh"),
    )
    entra.approve()
    refresh.wait_for("token.published")
    read = "import json; t = json.load(open('/run/secrets/entra/token.json')); print(t['username'])"
    app = (*HARDENED, "--volume", f"{tokens}:/run/secrets/entra:ro", "--entrypoint", "python3")
    code, printed = docker_engine.once(*app, "--user", "1234:65532", PRODUCT, "-c", read)
    assert (code, printed.strip()) == (0, "alice@contoso.example")
    code, printed = docker_engine.once(*app, "--user", "1234:4321", PRODUCT, "-c", read)
    assert code == 1
    assert "PermissionError" in printed
    listed = "import os; print(os.listdir('/var/lib/entra-sidecar'))"
    assert docker_engine.once(*app, "--user", "1234:65532", PRODUCT, "-c", listed)[1].strip() == "[]"


def seconds_to_end(container: Container, name: str) -> float:
    """From the signal to the end, both by the engine's clock."""
    container.signal("CONT")  # warms up the client's path; the loop ignores it
    sent = datetime.now().astimezone()
    container.signal(name)
    container.wait(15)
    finished = re.sub(r"(\.\d{6})\d*Z", r"\1+00:00", str(container.state()["FinishedAt"]))
    return (datetime.fromisoformat(finished) - sent).total_seconds()


@pytest.mark.parametrize("name", ["TERM", "INT"])
def test_a_signal_ends_an_open_prompt(docker_engine: Engine, entra: StandIn, name: str) -> None:
    """`signin` says that it did not sign anybody in: 143 or 130."""
    signin = docker_engine.run(*HARDENED, *VOLUMES, *entra.options(), PRODUCT, "signin")
    signin.wait_for("signin.waiting")
    assert seconds_to_end(signin, name) < 1.5
    assert signin.state()["ExitCode"] == {"TERM": 143, "INT": 130}[name]


def test_term_ends_the_sleeping_loop(docker_engine: Engine, entra: StandIn) -> None:
    """Between renewals, where it is nearly always."""
    refresh = docker_engine.run(*HARDENED, *VOLUMES, *entra.options(), PRODUCT, "refresh")
    entra.approve()
    refresh.wait_for("refresh.scheduled")
    eventually(lambda: "python3" not in docker_top(refresh), "the end of the turn")
    assert seconds_to_end(refresh, "TERM") < 1.5
    assert refresh.state()["ExitCode"] == 0


def test_term_ends_a_starting_turn(docker_engine: Engine, entra: StandIn) -> None:
    """While Python starts, before it could have set a handler."""
    refresh = docker_engine.run(*HARDENED, *VOLUMES, *entra.options(), PRODUCT, "refresh")
    assert seconds_to_end(refresh, "TERM") < 1.5
    assert refresh.state()["ExitCode"] == 0


def test_term_in_a_renewal_waits_for_its_answer_and_keeps_it(docker_engine: Engine, entra: StandIn) -> None:
    """The refresh token that comes back is on disk before the container ends, with 0."""
    state = docker_engine.volume()
    options = (*HARDENED, "--tmpfs", "/var/run/secrets/entra", "--volume", f"{state}:/var/lib/entra-sidecar")
    refresh = docker_engine.run(*options, *entra.options(), PRODUCT, "refresh")
    entra.approve()
    refresh.wait_for("token.published")
    late = {"name": "hang", "seconds": 3, "then_answer": True}
    entra.ask("POST", "faults", kind="token:refresh_token", fault=late)
    eventually(lambda: entra.count("token:refresh_token"), "a renewal under way")
    assert seconds_to_end(refresh, "TERM") < 12
    assert refresh.state()["ExitCode"] == 0
    assert "refresh.succeeded" in refresh.logs()
    assert docker_engine.once(*options, *entra.options(), PRODUCT, "signin")[0] == 0
    assert entra.count("devicecode") == 1


def test_term_ends_a_prompt_of_the_loop(docker_engine: Engine, entra: StandIn) -> None:
    """`refresh` may always be told to stop, whoever it waits for."""
    refresh = docker_engine.run(*HARDENED, *VOLUMES, *entra.options(), PRODUCT, "refresh")
    refresh.wait_for("signin.waiting")
    assert seconds_to_end(refresh, "TERM") < 1.5
    assert refresh.state()["ExitCode"] == 0


def docker_top(container: Container) -> str:
    """The commands that run in it."""
    return docker("top", container.id, "-o", "pid,args")


def test_health_follows_the_token(docker_engine: Engine, entra: StandIn) -> None:
    """Red once the token no longer lives long enough and cannot be renewed; green after the next renewal."""
    refresh = docker_engine.run(
        *(*HARDENED, *VOLUMES, "--health-interval=1s", "--health-start-period=1s", "--health-retries=2"),
        *(*entra.options(), PRODUCT, "refresh"),
    )
    eventually(lambda: refresh.health() == "unhealthy", "red before anybody has signed in")
    entra.approve()
    eventually(lambda: refresh.health() == "healthy", "green with a live token")
    entra.ask("POST", "faults", kind="token", fault={"name": "status", "status": 503}, always=True)
    eventually(lambda: refresh.health() == "unhealthy", "red when renewals fail and the token runs out")
    assert refresh.execute("/entrypoint.sh", "probe", "liveness").startswith("ok")
    entra.ask("DELETE", "faults")
    eventually(lambda: refresh.health() == "healthy", "green again", 90)
    assert entra.count("devicecode") == 1


def test_the_stand_in_is_healthy_by_its_own_account(docker_engine: Engine, entra: StandIn) -> None:
    """What `depends_on: service_healthy` of compose waits for; the check needs no more than the image."""
    assert docker_engine.containers[0].id == entra.container.id
    eventually(lambda: entra.container.health() == "healthy", "the stand-in's health check")


def test_the_sleeping_loop_weighs_next_to_nothing(docker_engine: Engine, entra: StandIn) -> None:
    """Anonymous memory of the processes that are left between renewals, by /proc: shell and sleep."""
    refresh = docker_engine.run(*HARDENED, *VOLUMES, *entra.options(), PRODUCT, "refresh")
    entra.approve()
    refresh.wait_for("refresh.scheduled")
    eventually(lambda: "python3" not in docker_top(refresh), "the end of the turn")
    rolled = refresh.execute("sh", "-c", 'while read -r row; do echo "$row"; done </proc/1/smaps_rollup')
    anonymous = next(row for row in rolled.splitlines() if row.startswith("Anonymous:"))
    assert 0 < int(anonymous.split()[1]) < 1024, "KiB"


def test_the_prompt_is_in_the_container_log_for_people_and_programs(
    docker_engine: Engine, entra: StandIn
) -> None:
    """`docker logs` shows the banner, and one line of JSON with the same code."""
    signin = docker_engine.run(*HARDENED, *VOLUMES, *entra.options(), PRODUCT, "signin")
    printed = signin.wait_for("signin.waiting")
    issued = next(json.loads(line) for line in printed.splitlines() if line.startswith('{"event"'))
    assert issued["event"] == "signin.code_issued"
    assert f"Enter  {issued['user_code']}" in printed
    assert f"Open   {issued['verification_uri']}" in printed

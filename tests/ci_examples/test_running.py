"""The very shell of the examples, against the stand-in, on a real engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engines import stand_in
from tests.engines.docker import PRODUCT, Engine, docker
from tests.engines.stand_in import NAME, PORT, StandIn
from tests.leaks import Leaks

pytestmark = pytest.mark.image

CI = Path(__file__).resolve().parents[2] / "docs" / "ci"
JOB_IMAGE = "entra-token-sidecar-job:test"


@pytest.fixture
def entra(docker_engine: Engine, leaks: Leaks, tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in that waits for a person."""
    made = stand_in.start(docker_engine, tmp_path, "--interval", "1")
    yield made
    leaks.issued(made.secrets())


class Runner:
    """What GitHub's runner gives to the steps of a job: variables, files for commands, bash."""

    def __init__(self, folder: Path, entra: StandIn) -> None:
        self.summary = folder / "summary"
        wrapper = folder / "docker"
        # The stand-in's network and CA come to the container as a company's proxy would: from outside.
        outside = (f"--env AZURE_AUTHORITY_HOST=https://{NAME}:{PORT}", "--env SIDECAR_CA_FILE=/tls/ca.pem")
        options = (f"--network {entra.network}", f"--volume {entra.tls}:/tls:ro", *outside)
        wrapper.write_text(
            "#!/bin/sh\n"
            f'[ "$1" = run ] && shift && set -- run {" ".join(options)} "$@"\n'
            f'exec {shutil.which("docker")} "$@"\n'
        )
        wrapper.chmod(0o755)
        self.environment = (
            os.environ
            | entra.environment
            | {
                "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "ENTRA_IMAGE": PRODUCT,
                "API_URL": entra.url,
                "CURL_CA_BUNDLE": str(entra.ca_file),
            }
        )

    def run(self, step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """As GitHub runs a step: `bash -e`."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def job(entra: StandIn, tmp_path: Path) -> Iterator[tuple[Runner, dict[str, dict[str, Any]]]]:
    """The runner and the steps by name; the last step is run in any case."""
    document = yaml.safe_load((CI / "github-actions.yml").read_text())["jobs"]["report"]
    runner = Runner(tmp_path, entra)
    runner.environment["ENTRA"] = f"entra-test-{uuid.uuid4().hex[:12]}"
    steps = {step["name"]: step for step in document["steps"]}
    yield runner, steps
    runner.run(document["steps"][-1])


def test_the_github_job_asks_waits_uses_and_wipes(
    job: tuple[Runner, dict[str, dict[str, Any]]],
    entra: StandIn,
    leaks: Leaks,
    request: pytest.FixtureRequest,
) -> None:
    """Log, notice and summary name the code; the token serves; nothing is left behind."""
    runner, steps = job
    asked = runner.run(steps["Ask somebody to sign in"])
    assert asked.returncode == 0, asked.stderr
    code = entra.ask("GET", "codes")["user_codes"][0]
    assert f"Enter  {code}" in asked.stdout
    notice = next(line for line in asked.stdout.splitlines() if line.startswith("::notice "))
    assert code in notice
    assert f"https://{NAME}:{PORT}/devicelogin" in notice
    assert code in runner.summary.read_text()
    threading.Timer(1, entra.approve).start()
    waited = runner.run(steps["Wait for the sign-in"])
    assert waited.returncode == 0, waited.stdout + waited.stderr
    used = runner.run(steps["Use the token"])
    assert "alice@contoso.example" in used.stdout, used.stderr
    for step in (asked, waited, used):
        leaks.printed(request.node.nodeid, step.stdout + step.stderr)
    wiped = runner.run(steps["Wipe token and sign-in"])
    assert wiped.returncode == 0, wiped.stderr
    name = runner.environment["ENTRA"]
    assert not Path("/dev/shm", name).exists()
    assert docker("ps", "--all", "--quiet", "--filter", f"name=^{name}$").strip() == ""


def test_the_github_job_says_why_it_cannot_ask(
    job: tuple[Runner, dict[str, dict[str, Any]]], entra: StandIn
) -> None:
    """A wrong setting ends the first step at once; its log names the setting, and nothing is announced."""
    runner, steps = job
    runner.environment["AZURE_CLIENT_ID"] = "not-a-guid"
    asked = runner.run(steps["Ask somebody to sign in"])
    assert "AZURE_CLIENT_ID" in asked.stdout + asked.stderr
    assert asked.returncode == 69
    assert "::notice" not in asked.stdout
    assert entra.count("devicecode") == 0


def test_the_github_job_fails_when_nobody_comes(
    job: tuple[Runner, dict[str, dict[str, Any]]], entra: StandIn
) -> None:
    """The wait's own deadline ends the job; the log meanwhile shows a prompt that replaced a declined one."""
    runner, steps = job
    assert runner.run(steps["Ask somebody to sign in"]).returncode == 0
    wait = steps["Wait for the sign-in"]["run"].replace("wait 900", "wait 40")
    threading.Timer(1, lambda: entra.ask("POST", "decline")).start()
    waited = runner.run({"run": wait})
    assert waited.returncode == 75, waited.stdout
    assert "signin.code_issued" in waited.stdout


@pytest.fixture(scope="module")
def job_image() -> Iterator[str]:
    """What docs/ci/Dockerfile builds."""
    options = os.environ.get("BUILD_OPTIONS", "").split()
    docker(
        *("buildx", "build", "--quiet", "--load", *options, "--build-arg", f"ENTRA_IMAGE={PRODUCT}"),
        *("--tag", JOB_IMAGE, str(CI)),
        timeout=600,
    )
    yield JOB_IMAGE
    docker("rmi", JOB_IMAGE, check=False)


def script(lines: list[str]) -> str:
    """As GitLab's runner runs a script: one shell, the first failure ends it."""
    return "set -e\n" + "\n".join(lines)


def test_the_gitlab_job_signs_in_and_ends_as_its_command(
    docker_engine: Engine, entra: StandIn, job_image: str
) -> None:
    """The prompt is in its log, the answer of the API too, and memory holds nothing afterwards."""
    report = yaml.safe_load((CI / "gitlab-ci.yml").read_text())["report"]
    look = (
        'set +e; ls -A "$SIDECAR_TOKEN_DIR" /dev/shm/entra/state; '
        + report["after_script"][0]
        + "; ls /dev/shm"
    )
    job = docker_engine.run(
        *entra.options(**report["variables"], API_URL=f"https://{NAME}:{PORT}", CURL_CA_BUNDLE="/tls/ca.pem"),
        *(job_image, "sh", "-c", script(report["script"]) + f"\n{look}"),
    )
    printed = job.wait_for("signin.code_issued")
    assert "SIGN-IN NEEDED" in printed
    entra.approve()
    assert job.wait() == 0, job.logs()
    assert "alice@contoso.example" in job.logs()
    left = job.logs().rpartition("}")[2].split()
    assert left == ["/dev/shm/entra/state:", "/dev/shm/entra/token:"]


def test_the_gitlab_job_fails_as_its_command_fails(
    docker_engine: Engine, entra: StandIn, job_image: str
) -> None:
    """The exit code is the command's: here curl's, for an API that is not there."""
    report = yaml.safe_load((CI / "gitlab-ci.yml").read_text())["report"]
    job = docker_engine.run(
        *entra.options(**report["variables"], API_URL="https://localhost:1"),
        *(job_image, "sh", "-c", script(report["script"])),
    )
    entra.approve()
    assert job.wait() == 7, job.logs()

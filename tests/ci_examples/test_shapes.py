"""What can be said of the examples without an engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.declarations import SETTINGS

CI = Path(__file__).resolve().parents[2] / "docs" / "ci"
NAMES = {setting.name for setting in SETTINGS}


def load(name: str) -> dict[str, Any]:
    """YAML 1.1 takes the key `on` for a boolean; GitHub does not."""
    found = yaml.safe_load((CI / name).read_text())
    assert isinstance(found, dict)
    return {("on" if key is True else key): value for key, value in found.items()}


def seconds(duration: str) -> int:
    """`30m` and the like, as GitLab and the settings write them."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600}[duration[-1]]


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_every_setting_in_an_example_exists(name: str) -> None:
    """An unknown one would be refused with 78, in front of the reader."""
    used = set(re.findall(r"\b(?:SIDECAR|AZURE)_[A-Z_]+", (CI / name).read_text()))
    assert used & NAMES
    assert used <= NAMES


def test_the_github_job_ends_after_the_wait_and_always_wipes() -> None:
    """Its deadline comes last, and the last step runs whatever came before."""
    job = load("github-actions.yml")["jobs"]["report"]
    wait = next(step["run"] for step in job["steps"] if "/entrypoint.sh wait" in step["run"])
    assert int(wait.split("wait ")[1].split()[0]) < job["timeout-minutes"] * 60
    last = job["steps"][-1]
    assert last["if"] == "always()"
    assert "rm -rf" in last["run"]


def test_the_gitlab_job_ends_after_the_wait_and_always_wipes() -> None:
    """`after_script` also runs when the time is over, if script and it have less than the job."""
    job = load("gitlab-ci.yml")["report"]
    script, after = (job["variables"][f"RUNNER_{name}_TIMEOUT"] for name in ("SCRIPT", "AFTER_SCRIPT"))
    assert seconds(job["variables"]["SIDECAR_SIGNIN_TIMEOUT"]) < seconds(script)
    assert seconds(script) + seconds(after) < seconds(job["timeout"])
    assert "--wipe" in job["script"][-1]
    assert job["after_script"] == ["rm -rf /dev/shm/entra"]


def test_token_and_state_are_in_memory() -> None:
    """/dev/shm is a tmpfs in containers and on runners."""
    variables = load("gitlab-ci.yml")["report"]["variables"]
    assert variables["SIDECAR_TOKEN_DIR"].startswith("/dev/shm/")
    assert variables["SIDECAR_STATE_DIR"].startswith("/dev/shm/")
    start = load("github-actions.yml")["jobs"]["report"]["steps"][0]["run"]
    assert '--volume "/dev/shm/$ENTRA:/var/run/secrets/entra"' in start
    assert "--tmpfs /var/lib/entra-sidecar" in start


def test_the_github_job_runs_the_sidecar_hardened() -> None:
    """As the README says an image of this kind is run."""
    start = load("github-actions.yml")["jobs"]["report"]["steps"][0]["run"]
    for switch in ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"):
        assert switch in start


@pytest.mark.parametrize(
    ("schema", "name"),
    [("vendor.github-workflows", "github-actions.yml"), ("vendor.gitlab-ci", "gitlab-ci.yml")],
)
def test_the_systems_own_schemas_accept_the_examples(schema: str, name: str) -> None:
    """The schemas of SchemaStore, as check-jsonschema carries them: no network is needed."""
    from check_jsonschema.builtin_schemas import get_builtin_schema
    from jsonschema import validators

    found = get_builtin_schema(schema)
    validators.validator_for(found)(found).validate(load(name))

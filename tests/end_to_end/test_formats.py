"""Formats, templates and the settings file, with the programs that use them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import ROOT, Pod

ARM = "arm=https://management.azure.com/.default"


@pytest.fixture
def formatted(pod: Pod, entra: Emulator) -> Pod:
    """A signed-in pod with both formats and two tokens."""
    entra.policy.approve_after = 0
    pod.settings |= {"SIDECAR_FORMATS": "header env", "SIDECAR_TOKENS": ARM}
    code, output = pod.run("signin")
    assert code == 0, output
    return pod


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(("header", "path"), [("header", "/v1.0/me"), ("arm/header", "/subscriptions")])
def test_curl_calls_an_api_with_the_header_file(
    formatted: Pod, entra: Emulator, header: str, path: str
) -> None:
    """`curl -H @file`: no token on a command line, and the API answers."""
    curl = ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--cacert", str(entra.ca_file)]
    answer = subprocess.run(
        [*curl, "-H", f"@{formatted.tokens / header}", f"{entra.authority_host}{path}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)


@pytest.mark.parametrize("shell", ["dash", "busybox sh", "bash"])
def test_shells_source_the_env_file(formatted: Pod, shell: str) -> None:
    """With `set -a` for what is run then; both tokens at once, as each has a name of its own."""
    command = shell.split()
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    script = 'set -eua; . "$1/env"; . "$1/arm/env"; exec env'
    done = subprocess.run(
        [*command, "-c", script, "sh", str(formatted.tokens)], capture_output=True, text=True, check=True
    )
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "ACCESS_TOKEN" in line)
    for name, prefix in (("", ""), ("arm", "ARM_")):
        document = formatted.document(name)
        assert found[f"{prefix}ACCESS_TOKEN"] == document["access_token"]
        assert found[f"{prefix}ACCESS_TOKEN_EXPIRES_ON"] == str(document["expires_on"])
        assert found[f"{prefix}ACCESS_TOKEN_RESOURCE"] == document["resource"]
        assert found[f"{prefix}ACCESS_TOKEN_USERNAME"] == document["username"]


def test_broken_template_is_told_before_anybody_is_asked(pod: Pod, entra: Emulator, tmp_path: Path) -> None:
    """78 from both roles, every mistake with file and line, and not a single request."""
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "nginx.conf").write_text("a;\n{{ tokn }}\n")
    (templates / "pip.conf").write_text("{{ token | html }}")
    for role in ("signin", "refresh"):
        running = pod.start(role, SIDECAR_TEMPLATE_DIR=str(templates))
        assert running.end() == 78, running.output
        (failure,) = running.records(f"{role}.failed")
        assert f"{templates}/nginx.conf: line 2: 'tokn'" in failure["message"]
        assert f"{templates}/pip.conf: line 1: 'token | html': there is no filter" in failure["message"]
        assert "Traceback" not in running.output
    assert entra.requests == []


def test_template_of_a_config_map_follows_the_token(formatted: Pod, tmp_path: Path) -> None:
    """Published with the next turn, and again when the kubelet swaps the mount; one that is broken by then
    ends nothing.
    """
    mount = tmp_path / "templates"
    mount.mkdir()

    def swap(generation: str, text: str) -> None:
        (mount / generation).mkdir()
        (mount / generation / "app.json").write_text(text)
        (mount / "..link").symlink_to(generation)
        (mount / "..link").rename(mount / "..data")

    swap("..1", '{"bearer": {{ token | json }}, "arm": {{ arm.token | json }}}')
    (mount / "app.json").symlink_to("..data/app.json")
    formatted.settings["SIDECAR_TEMPLATE_DIR"] = str(mount)
    assert formatted.run("signin")[0] == 0
    published = formatted.tokens / "app.json"
    assert json.loads(published.read_text()) == {
        "bearer": formatted.document()["access_token"],
        "arm": formatted.document("arm")["access_token"],
    }
    swap("..2", "{{ expires_on }}")
    assert formatted.run("signin")[0] == 0
    assert published.read_text() == str(formatted.document()["expires_on"])
    swap("..3", "{{ nothing }}")
    later = subprocess.run(
        [sys.executable, "-P", "-m", "sidecar", "refresh"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **formatted.settings},
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"template.refused"' in later.stdout
    assert published.read_text() == str(formatted.document()["expires_on"])


def test_parameters_of_an_msal_sample_sign_in(pod: Pod, entra: Emulator, tmp_path: Path) -> None:
    """The file of Microsoft's sample in the place of three settings, named by a flag."""
    entra.policy.approve_after = 0
    file = tmp_path / "parameters.json"
    parameters = {
        "authority": f"{entra.authority_host}/{entra.tenant_id}",
        "client_id": entra.client_id,
        "scope": ["https://graph.microsoft.com/.default"],
        "endpoint": "https://graph.microsoft.com/v1.0/me",
    }
    file.write_text(json.dumps(parameters, indent=4))
    for name in ("AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "SIDECAR_SCOPES"):
        del pod.settings[name]
    code, output = pod.run("signin", "--settings-file", str(file))
    assert code == 0, output
    assert pod.document()["client_id"] == entra.client_id
    code, output = pod.run("doctor", SIDECAR_SETTINGS_FILE=str(file))
    assert code == 0, output
    assert f"{file.name} is read" in " ".join(output.split())


def test_exec_hands_the_settings_file_on(pod: Pod, entra: Emulator, tmp_path: Path) -> None:
    """Its sign-in and its loop read it too; flags win over it."""
    entra.policy.approve_after = 0
    file = tmp_path / "settings.toml"
    file.write_text(
        'scopes = "not-used"\nformats = ["header"]\n[tokens]\narm = "https://management.azure.com/.default"\n'
    )
    del pod.settings["SIDECAR_SCOPES"]
    command = ["--settings-file", str(file), "--scopes", "https://graph.microsoft.com/.default", "--"]
    code, output = pod.run("exec", *command, "sh", "-c", f'test -s "{pod.tokens}/arm/header"')
    assert code == 0, output
    assert pod.document()["resource"] == "https://graph.microsoft.com"


def test_mistakes_of_the_settings_file_are_told_by_every_role(pod: Pod, tmp_path: Path) -> None:
    """78 with file and key, and no traceback; `doctor` goes on with the rest."""
    file = tmp_path / "settings.toml"
    file.write_text('min_validty = "60s"\nsignin_timeout = 30\n')
    for role in ("signin", "refresh", "serve"):
        code, output = pod.run(role, SIDECAR_SETTINGS_FILE=str(file))
        assert code == 78, output
        assert f"- SIDECAR_SETTINGS_FILE: {file}: min_validty: unknown; did you mean min_validity?" in output
        assert f"- SIDECAR_SIGNIN_TIMEOUT: {file}: signin_timeout: give a duration" in output
        assert "Traceback" not in output
    code, output = pod.run("doctor", "--json", SIDECAR_SETTINGS_FILE=str(file))
    assert code == 1
    assert "min_validty: unknown" in output

"""No variable, role, probe, path, port or user in a manifest that the image does not know."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sidecar.declarations import SETTINGS
from sidecar.setting_values import duration
from sidecar.settings import read_settings
from tests.emulator.__main__ import parser
from tests.emulator.directory import CLIENT_ID, CONTOSO_ID
from tests.manifests.arrangements import K8S, Manifest, source
from tests.manifests.builds import ARRANGEMENTS, EXAMPLES, build, documents, example, kustomization
from tests.manifests.users_apps import five_kinds
from tests.manifests.workloads import OURS, container, containers, of_kind, pods

ROOT = K8S.parent
ENTRYPOINT = ROOT / "entrypoint.sh"
DEFAULTS = {setting.name: setting.default for setting in SETTINGS}
WITH_SIDECAR = [name for name in EXAMPLES if name not in ("emulator", "shared")]
GUIDES = ("kubernetes.md", "shared.md")


def entrypoint(*arguments: str) -> int:
    """Its exit code where nothing is published; 64 is "no such role or probe"."""
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        "SIDECAR_TOKEN_DIR": "/nonexistent/tokens",
        "SIDECAR_STATE_DIR": "/nonexistent/state",
    }
    return subprocess.run([ENTRYPOINT, *arguments], env=environ, capture_output=True, timeout=60).returncode


def environment(manifests: list[Manifest], pod: Manifest, name: str) -> dict[str, str]:
    """What that container would see, from the manifests' own ConfigMaps."""
    maps = {one["metadata"]["name"]: one["data"] for one in manifests if one["kind"] == "ConfigMap"}
    found: dict[str, str] = {}
    for origin in container(pod, name)["envFrom"]:
        found |= maps[origin["configMapRef"]["name"]]
    return found | {one["name"]: one["value"] for one in container(pod, name)["env"] if is_setting(one)}


def is_setting(entry: Manifest) -> bool:
    """The others are what settings are put together of."""
    return str(entry["name"]).startswith("SIDECAR_")


def our_containers(arrangement: str, folder: Path) -> list[Manifest]:
    """Every container of ours in all five kinds."""
    built = kustomization(folder, five_kinds(), arrangement)
    return [one for pod in pods(built) for one in containers(pod) if one["name"] in OURS]


@pytest.mark.parametrize("name", WITH_SIDECAR)
def test_settings_of_every_example_are_accepted(name: str) -> None:
    """By the very code that reads them, which also refuses unknown ones."""
    manifests = example(name)
    for pod in pods(manifests):
        for role in OURS:
            settings = read_settings(environment(manifests, pod, role), {})
            assert settings.cache_key_file == Path("/etc/entra-sidecar/key")


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_every_role_and_probe_is_one_of_the_entrypoints(tmp_path: Path, arrangement: str) -> None:
    """Asked of entrypoint.sh itself; the file has that name at the root of the image."""
    found = our_containers(arrangement, tmp_path)
    for one in found:
        assert "command" not in one
        assert entrypoint(*one["args"], "--help") == 0
        for kind in ("startup", "readiness", "liveness"):
            if probe := one.get(f"{kind}Probe"):
                assert probe["exec"]["command"] == ["/entrypoint.sh", "probe", kind]
                assert entrypoint("probe", kind) == 1
    assert entrypoint("probe", "health") == 64
    assert entrypoint("renew", "--help") == 64


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_mounts_are_where_the_settings_expect_them(tmp_path: Path, arrangement: str) -> None:
    """Both directories by their defaults, key and authority by what the volume calls them."""
    for one in our_containers(arrangement, tmp_path):
        mounts = {mount["name"]: mount["mountPath"] for mount in one["volumeMounts"]}
        assert mounts["entra-token"] == DEFAULTS["SIDECAR_TOKEN_DIR"]
        assert mounts["entra-state"] == DEFAULTS["SIDECAR_STATE_DIR"]
        settings = {entry["name"]: entry["value"] for entry in one["env"] if is_setting(entry)}
        assert settings["SIDECAR_CACHE_KEY_FILE"] == mounts["entra-config"] + "/key"


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_prompt_says_which_pod_asks(tmp_path: Path, arrangement: str) -> None:
    """Namespace and name by the downward API; Kubernetes puts in only what is named before (Kubernetes
    docs, "Define Dependent Environment Variables").
    """
    for one in our_containers(arrangement, tmp_path):
        names = [entry["name"] for entry in one["env"]]
        assert names.index("SIDECAR_PROMPT_FROM") > max(map(names.index, ("POD_NAMESPACE", "POD_NAME")))
        entries = {entry["name"]: entry for entry in one["env"]}
        assert entries["SIDECAR_PROMPT_FROM"]["value"] == "$(POD_NAMESPACE)/$(POD_NAME)"
        fields = {name: entries[name]["valueFrom"] for name in ("POD_NAMESPACE", "POD_NAME")}
        assert fields == {
            "POD_NAMESPACE": {"fieldRef": {"fieldPath": "metadata.namespace"}},
            "POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}},
        }


def test_config_volume_has_the_files_that_settings_name() -> None:
    """SIDECAR_CACHE_KEY_FILE and, in the quick start, SIDECAR_CA_FILE; the pod starts without."""
    volumes = source()["spec"]["template"]["spec"]["volumes"]
    (config,) = [volume["projected"]["sources"] for volume in volumes if volume["name"] == "entra-config"]
    origins = [next(iter(origin.values())) for origin in config]
    assert [item["path"] for origin in origins for item in origin["items"]] == ["key", "ca.pem"]
    assert all(origin["optional"] for origin in origins)
    settings = of_kind(example("quick-start"), "ConfigMap")["data"]
    assert settings["SIDECAR_CA_FILE"] == "/etc/entra-sidecar/ca.pem"


def test_images_are_ours_at_the_version_of_the_code() -> None:
    """Without a registry: where they are is the user's to say."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    found = {one["image"] for name in EXAMPLES for pod in pods(example(name)) for one in containers(pod)}
    names = ("entra-token-sidecar", "entra-token-sidecar-emulator", "entra-token-sidecar-example-app")
    shared = f"entra-token-sidecar:{version}-kubernetes"
    assert found == {*(f"{name}:{version}" for name in names), shared}
    policy = of_kind(build(K8S / "inject"), "MutatingAdmissionPolicy")["spec"]
    assert policy["variables"][0]["expression"] == f"'entra-token-sidecar:{version}'"


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_user_and_entrypoint_are_those_of_the_image(tmp_path: Path, arrangement: str) -> None:
    """Dockerfile and manifests say the same uid and gid; the group is the one that apps are given."""
    text = (ROOT / "Dockerfile").read_text()
    ((uid, gid),) = set(re.findall(r"^USER (\d+):(\d+)$", text, re.MULTILINE))
    assert 'ENTRYPOINT ["/entrypoint.sh"]' in text
    for one in our_containers(arrangement, tmp_path):
        context = one["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"]) == (int(uid), int(gid))
    for pod in pods(kustomization(tmp_path, five_kinds(), arrangement)):
        assert int(gid) in pod["securityContext"]["supplementalGroups"]


def test_stand_in_takes_its_arguments_and_listens_where_the_service_points() -> None:
    """The Dockerfile's own arguments and the manifest's together."""
    manifests = example("emulator")
    (pod,) = pods(manifests)
    stand_in = container(pod, "entra")
    (words,) = re.findall(r'^ENTRYPOINT (\["python3".*\])$', (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    arguments = yaml_list(words)
    options = parser().parse_args(arguments[arguments.index("tests.emulator") + 1 :] + stand_in["args"])
    service = of_kind(manifests, "Service")
    (port,) = service["spec"]["ports"]
    assert stand_in["ports"] == [{"name": port["targetPort"], "containerPort": options.port}]
    assert options.host == "0.0.0.0"
    settings = of_kind(example("quick-start"), "ConfigMap")["data"]
    assert settings["AZURE_AUTHORITY_HOST"] == f"https://{options.hostname}:{port['port']}"
    assert service["metadata"]["name"] == options.hostname
    assert (settings["AZURE_CLIENT_ID"], settings["AZURE_TENANT_ID"]) == (CLIENT_ID, CONTOSO_ID)
    assert str(options.tls_dir) == stand_in["volumeMounts"][0]["mountPath"]


def yaml_list(text: str) -> list[str]:
    """A JSON list, which is YAML too."""
    (found,) = documents(text)
    words: Any = found
    return [str(word) for word in words]


@pytest.mark.parametrize("name", ["job", "cronjob"])
def test_sign_in_times_out_before_its_job(name: str) -> None:
    """Else the Job takes the pod and the log with it; and what no retry mends ends the Job at once."""
    manifests = example(name)
    (workload,) = [one for one in manifests if one["kind"] in ("Job", "CronJob")]
    job = workload["spec"]["jobTemplate"]["spec"] if name == "cronjob" else workload["spec"]
    (pod,) = pods(manifests)
    timeout = environment(manifests, pod, "entra-signin")["SIDECAR_SIGNIN_TIMEOUT"]
    assert duration(timeout) < job["activeDeadlineSeconds"]
    fail = job["podFailurePolicy"]["rules"][0]
    assert fail == {
        "action": "FailJob",
        "onExitCodes": {"containerName": "entra-signin", "operator": "In", "values": [77, 78]},
    }
    assert pod["restartPolicy"] == "Never"
    assert job["backoffLimit"] == 0


@pytest.mark.parametrize("guide", GUIDES)
def test_guide_names_only_what_exists(guide: str) -> None:
    """Its settings, its paths below k8s/, and its links."""
    text = (ROOT / "docs" / guide).read_text()
    assert set(re.findall(r"\b(?:SIDECAR|AZURE)_[A-Z_]+\b", text)) <= set(DEFAULTS)
    paths = set(re.findall(r"\bk8s/[a-z0-9./-]*[a-z0-9]", text))
    assert paths
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    links = re.findall(r"\]\(([^)#:]+)", text)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_yaml_of_the_guide_is_yaml(guide: str) -> None:
    """What people paste."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / guide).read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        assert documents(block)


@pytest.mark.parametrize("guide", GUIDES)
def test_shell_of_the_guide_is_shell(guide: str) -> None:
    """The same; `sh -n` reads it, and every kubectl line splits into words."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / guide).read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        subprocess.run(["sh", "-n"], input=block, text=True, check=True, timeout=10)
        assert shlex.split(block, comments=True)

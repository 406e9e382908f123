"""Three lines in .env, and the stack is a real tenant's: read, and run as far as it goes without one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from sidecar import __version__
from sidecar.declarations import SETTINGS
from sidecar.setting_groups import GROUPS
from tests.compose.stack import ROOT, ComposeError, Stack
from tests.engines.docker import docker
from tests.leaks import Leaks

pytestmark = pytest.mark.image

CLIENT_ID = "11111111-2222-4333-8444-555555555555"
TENANT_ID = "66666666-7777-4888-9999-000000000000"
LINES = f"""\
AZURE_CLIENT_ID={CLIENT_ID}
AZURE_TENANT_ID={TENANT_ID}
SIDECAR_SCOPES=https://graph.microsoft.com/.default
"""
# What the files give themselves: a directory, a key, or a file that has to be mounted first.
NOT_FROM_OUTSIDE = {
    "SIDECAR_TOKEN_DIR",
    "SIDECAR_STATE_DIR",
    "SIDECAR_TOKEN_MODE",
    "SIDECAR_TOKEN_GROUP",
    "SIDECAR_CACHE_KEY_FILE",
    "SIDECAR_CA_FILE",
    # Of a role that is a service of its own, but for what turns of all roles have to know.
    *GROUPS["serve"] - {"SIDECAR_ON_DEMAND"},
    # Of pods.
    *GROUPS["one sign-in for many pods (docs/shared.md)"],
}


@pytest.fixture
def tenant(new_stack: Callable[..., Stack]) -> Stack:
    """A fresh checkout with the three lines."""
    stack = new_stack()
    (stack.folder / ".env").write_text(LINES)
    return stack


def test_three_lines_leave_nothing_of_the_stand_in(tenant: Stack) -> None:
    """No service, no volume, no certificate authority, no published port, no name of it."""
    config = tenant.config()
    assert set(config["services"]) == {"key", "signin", "refresh", "app-sh", "app-py", "app-js"}
    assert set(config["volumes"]) == {"tokens", "state", "key"}
    assert not re.search(
        r"entra-ca|entra-tls|CA_FILE|CERT|8443|emulator|stand.?in|demo", json.dumps(config), re.I
    )
    assert not any("ports" in service for service in config["services"].values())


def test_three_lines_reach_signin_and_refresh(tenant: Stack) -> None:
    """Everything else has its default, and the apps call the real API."""
    services = tenant.config()["services"]
    for role in ("signin", "refresh"):
        given = {name: value for name, value in services[role]["environment"].items() if value is not None}
        assert given == {
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_TENANT_ID": TENANT_ID,
            "SIDECAR_SCOPES": "https://graph.microsoft.com/.default",
            "SIDECAR_CACHE_KEY_FILE": "/etc/entra-sidecar/key",
            "SIDECAR_PROMPT_PURPOSE": "the apps of this stack",
        }
    assert services["app-py"]["environment"]["API_URL"] == "https://graph.microsoft.com/v1.0/me"


def test_example_env_starts_the_demo_until_it_is_filled_in(new_stack: Callable[..., Stack]) -> None:
    """A copy of .env.example with its empty lines changes nothing yet."""
    stack = new_stack()
    (stack.folder / ".env").write_text((ROOT / ".env.example").read_text())
    config = stack.config()
    assert "entra" in config["services"]
    assert config["services"]["signin"]["environment"]["AZURE_AUTHORITY_HOST"] == "https://entra:8443"


def test_half_filled_env_never_mixes_the_two(new_stack: Callable[..., Stack]) -> None:
    """A tenant without an app registration: the demo with nothing of it, its `serve` too."""
    stack = new_stack(COMPOSE_PROFILES="serve")
    lines = LINES.partition("\n")[2] + "SIDECAR_ALLOWED_USERS=me@tenant.example\n"
    (stack.folder / ".env").write_text(f"{lines}SIDECAR_TOKENS=mine=https://tenant.example/.default\n")
    assert TENANT_ID not in json.dumps(stack.config())
    assert "tenant.example" not in json.dumps(stack.config())


def test_demo_and_tenant_share_no_volume(new_stack: Callable[..., Stack], tenant: Stack) -> None:
    """Nothing that the stand-in gave out is there when the same project meets a tenant."""
    names = [
        {volume["name"].removeprefix(stack.project) for volume in stack.config()["volumes"].values()}
        for stack in (new_stack(), tenant)
    ]
    assert names[0] & names[1] == set()


def test_tenant_after_the_demo_begins_with_nothing(
    images: None, new_stack: Callable[..., Stack], leaks: Leaks
) -> None:
    """Even with the demo still up: new volumes, a new key, nobody signed in, and the stand-in is named."""
    assert images is None
    stack = new_stack(STAND_IN_APPROVE_AFTER="0")
    stack.compose("up", "--detach")
    leaks.issued(stack.secrets())
    (stack.folder / ".env").write_text(LINES + "AZURE_AUTHORITY_HOST=https://127.0.0.1:1\n")
    with pytest.raises(ComposeError, match=r"exit 69") as ended:
        stack.compose("up", "--detach")
    assert "orphan" in str(ended.value)
    said = stack.logs("signin")
    assert "nobody is signed in" in said
    assert "set_aside" not in said
    assert "published" not in said
    key = stack.read_volume("key", "key").strip()
    leaks.issued({key})
    assert key != stack.read_volume("demo-key", "key").strip()
    stack.compose("down", "--volumes", "--remove-orphans")
    names = docker("volume", "ls", "--quiet", "--filter", f"name={stack.project}_").split()
    assert not {f"{stack.project}_{name}" for name in ("key", "state", "tokens")} & set(names)


def test_every_setting_can_be_given_by_env(tenant: Stack) -> None:
    """A setting that the code knows and the file does not pass on would be ignored in silence."""
    for role in ("signin", "refresh"):
        passed = set(tenant.config()["services"][role]["environment"])
        assert {setting.name for setting in SETTINGS} - passed == NOT_FROM_OUTSIDE - {
            "SIDECAR_CACHE_KEY_FILE"
        }
        assert {name for name in passed if name.startswith("SIDECAR_")} <= {
            setting.name for setting in SETTINGS
        }


def test_images_have_the_version_and_can_be_built(new_stack: Callable[..., Stack]) -> None:
    """Tags follow the code; every `build:` names a Dockerfile and a target that exist."""
    stack = new_stack(ENTRA_SIDECAR_IMAGE="", STAND_IN_IMAGE="", EXAMPLE_APP_IMAGE="")
    for service in stack.config()["services"].values():
        assert service["image"].partition(":")[2] == __version__
        folder = service["build"]["context"].replace(str(stack.folder), str(ROOT))
        dockerfile = ROOT / folder / service["build"]["dockerfile"]
        target = service["build"].get("target")
        assert dockerfile.is_file()
        assert target is None or re.search(rf"^FROM .* AS {target}$", dockerfile.read_text(), re.M)

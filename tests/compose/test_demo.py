"""`docker compose up` on a fresh checkout, with no account, on a real engine."""

from __future__ import annotations

import json

import pytest

from tests.compose.stack import APPS, Stack
from tests.engines.docker import PRODUCT, docker, eventually
from tests.leaks import Leaks

pytestmark = pytest.mark.image

LONG_RUNNING = ("refresh", "entra", *APPS)
SERVICES = ("key", "signin", *LONG_RUNNING)
TERMINAL_COLUMNS = 80


def test_prompt_is_in_the_logs_and_its_page_opens_on_this_machine(demo: Stack) -> None:
    """Banner and machine-readable line are there; a browser beside the engine reaches the address."""
    (prompt,) = demo.prompts()
    assert f"  2. Enter  {prompt['user_code']}" in demo.logs("signin")
    assert prompt["verification_uri"] == f"https://localhost:{demo.port}/devicelogin"
    assert "Enter code" in demo.ask("GET", "devicelogin").text
    assert prompt["host"] == f"{demo.project}-signin"


def test_banner_fits_a_terminal_of_80_columns(demo: Stack) -> None:
    """With the names that compose puts in front when all services print."""
    # Compose prints what the others say in the midst of it.
    lines = [line for line in demo.logs().splitlines() if line.startswith("signin-1 ")]
    begin, end = (i for i, line in enumerate(lines) if "| =====" in line)
    assert max(map(len, lines[begin : end + 1])) < TERMINAL_COLUMNS


def test_apps_call_their_api_across_three_renewals(demo: Stack) -> None:
    """Shell, Python and JavaScript: every call succeeds, whatever is renewed meanwhile."""
    before = demo.renewals()
    answers = {app: len(demo.answers(app)) for app in APPS}
    eventually(lambda: demo.renewals() >= before + 3, "three renewals", seconds=120)
    demo.calls_go_on()
    for app in APPS:
        assert set(demo.answers(app)[answers[app] :]) == {"200 Alice Adams"}


@pytest.mark.parametrize("app", APPS)
def test_app_reads_the_token_again_when_it_is_refused(demo: Stack, app: str) -> None:
    """Renewed between reading and calling: the second try succeeds, and nobody sees the first."""
    others = [other for other in APPS if other != app]
    demo.compose("pause", *others)
    try:
        before = demo.refused_calls()
        demo.ask("POST", "_control/faults", kind="me", fault={"name": "status", "status": 401})
        eventually(lambda: demo.refused_calls() == before + 1, "a call that is refused")
        demo.calls_go_on(app)
    finally:
        demo.compose("unpause", *others)


def test_app_says_that_it_is_refused_and_goes_on(demo: Stack) -> None:
    """A token that the API does not take costs one line per call, never the app."""
    demo.ask("POST", "_control/faults", kind="me", fault={"name": "status", "status": 401}, always=True)
    for app in APPS:
        demo.has_said(app, "401")
    demo.ask("DELETE", "_control/faults?kind=me")
    for app in APPS:
        demo.has_said(app, "200")
    demo.calls_go_on()


def test_app_mounts_the_token_directory_read_only_and_nothing_of_the_state(demo: Stack) -> None:
    """The boundary is the mount: not even root in an app could read what is not there."""
    for app in APPS:
        mounts = {mount["Destination"]: mount for mount in demo.inspect(app)["Mounts"]}
        assert set(mounts) == {"/var/run/secrets/entra", "/etc/entra-ca"}
        assert not any(mount["RW"] for mount in mounts.values())
        denied = demo.container(app).execute("touch", "/var/run/secrets/entra/x", check=False)
        assert "Read-only file system" in denied


def test_token_is_for_the_group_and_lies_in_memory(demo: Stack) -> None:
    """An app of another uid reads it by group 65532; without the group it could not even enter."""
    app = demo.container("app-py")
    assert app.execute("id", "-u").strip() == "10001"
    listing = app.execute(
        "stat", "--format", "%a %u:%g", "/var/run/secrets/entra", "/var/run/secrets/entra/..data/token"
    )
    assert listing.split() == ["750", "65532:65532", "640", "65532:65532"]
    assert app.execute("stat", "--file-system", "--format", "%T", "/var/run/secrets/entra").strip() == "tmpfs"
    stranger = docker(
        *("run", "--rm", "--user", "10001:10001", "--entrypoint", "python3"),
        *("--volume", f"{demo.project}_demo-tokens:/t:ro", PRODUCT, "-c", "open('/t/token')"),
        check=False,
    )
    assert "PermissionError" in stranger


def test_state_is_sealed_and_private(demo: Stack, leaks: Leaks) -> None:
    """0700 and 0600 in the sidecar's own directory; no refresh token in it can be read without the key."""
    show = (
        "import json, os; print(json.dumps({path: oct(os.stat(path).st_mode & 0o7777) for path in "
        "['private', *('private/' + name for name in os.listdir('private'))]}))"
    )
    modes = json.loads(demo.in_volume("demo-state", show))
    assert modes.pop("private") == "0o700"
    assert set(modes.values()) == {"0o600"}
    assert "private/cache" in modes
    cache = demo.in_volume("demo-state", "print(open('private/cache', 'rb').read())")
    assert "secret" not in cache
    leaks.printed("state volume", cache)
    assert (
        demo.in_volume("demo-key", "import os; print(oct(os.stat('key').st_mode & 0o777))").strip() == "0o600"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_every_switch_that_hardens_is_on(demo: Stack, service: str) -> None:
    """As the engine sees it, not as the file says."""
    found = demo.inspect(service)
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert 0 < host["PidsLimit"] <= 64
    assert 0 < host["Memory"] <= 128 * 2**20
    assert host["LogConfig"]["Config"] == {"max-file": "3", "max-size": "1m"}
    uid = found["Config"]["User"].split(":")[0]
    assert int(uid) > 0
    assert host["RestartPolicy"]["Name"] in (["unless-stopped"] if service in LONG_RUNNING else ["", "no"])


def test_only_loopback_reaches_the_stand_in(demo: Stack) -> None:
    """Nothing else of the stack is published at all."""
    for service in SERVICES:
        for bound in (demo.inspect(service)["HostConfig"]["PortBindings"] or {}).values():
            assert service == "entra"
            assert [address["HostIp"] for address in bound] == ["127.0.0.1"]


def test_key_of_the_state_is_made_once(demo: Stack) -> None:
    """A second run of its service finds it and leaves it as it is."""
    before = demo.read_volume("demo-key", "key")
    demo.compose("run", "--rm", "key")
    assert demo.read_volume("demo-key", "key") == before != ""


def test_killed_sidecar_comes_back_without_a_person(demo: Stack) -> None:
    """SIGKILL to its first process: the engine starts it again, the apps' calls never fail."""
    before = demo.inspect("refresh")
    process = before["State"]["Pid"]
    # In the engine's own process namespace, which need not be this machine's.
    docker(
        *("run", "--rm", "--pid=host", "--user=0:0", "--entrypoint=python3", PRODUCT),
        *("-c", f"import os; os.kill({process}, 9)"),
    )
    eventually(lambda: demo.inspect("refresh")["RestartCount"] == before["RestartCount"] + 1, "a restart")
    renewed = demo.renewals()
    eventually(lambda: demo.renewals() > renewed, "a renewal after the restart")
    demo.calls_go_on()
    assert len(demo.prompts()) == 1


def test_down_and_up_needs_nobody(demo: Stack, leaks: Leaks) -> None:
    """Containers, network and tokens in memory are gone; the sealed state alone brings it all back."""
    leaks.issued(demo.secrets())
    demo.compose("down")
    demo.compose("up", "--detach")
    assert demo.prompts() == []
    demo.calls_go_on()
    renewed = demo.renewals()
    eventually(lambda: demo.renewals() > renewed, "a renewal with the kept refresh token")
    demo.calls_go_on()
    assert demo.prompts() == []


def test_stop_ends_everything_cleanly_and_at_once(demo: Stack) -> None:
    """TERM is enough for each: exit code 0, long before the engine would kill it."""
    demo.compose("stop", "refresh", *APPS)
    try:
        assert {
            service: demo.inspect(service)["State"]["ExitCode"] for service in ("refresh", *APPS)
        } == dict.fromkeys(("refresh", *APPS), 0)
    finally:
        demo.compose("start", "refresh", *APPS)
    demo.calls_go_on()

"""The role `doctor` as a process, with real faults: what it sees, what it says, and what it leaves alone."""

from __future__ import annotations

import codecs
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.core.checkup import CHECKS, Check, Outcome
from sidecar.doctor import examine
from sidecar.posix.clock import SystemClock
from sidecar.posix.identity import own_identity
from sidecar.posix.interrupts import Interrupts
from sidecar.settings import read_what_is_right
from tests.emulator import Emulator, faults
from tests.end_to_end.checkups import examined, failures
from tests.end_to_end.pod import Pod
from tests.posix.identities import acting_as, needs_root, reachable_directory
from tests.posix.volumes import Volume, volume

__all__ = ["volume"]
ARM = "arm=https://management.azure.com/.default"


def everything(pod: Pod) -> dict[str, tuple[int, bytes | None]]:
    """Names, modes and contents of both directories."""
    return {
        str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() else None)
        for folder in (pod.tokens, pod.state)
        for path in sorted([folder, *folder.rglob("*")])
    }


def test_sound_installation_passes_and_nothing_is_changed(pod: Pod, entra: Emulator) -> None:
    """Exit code 0, no prompt, no file, no sign-in; the code that was asked for is shown to nobody."""
    before = everything(pod)
    checks = examined(pod, SIDECAR_TOKENS=ARM)
    assert failures(checks) == []
    assert {name for name, check in checks.items() if check["outcome"] == "pass"} >= {
        "settings", "token_directory", "state_directory", "apart", "proxy", "dns", "tls", "discovery",
        "clock", "device_code", "scopes", "public_client",
    }  # fmt: skip
    assert everything(pod) == before
    assert len(entra.oauth._grants.codes) == 2
    shown = str(checks)
    assert not any(code.user_code in shown for code in entra.oauth._grants.codes.values())


def test_signed_in_pod_is_told_who_and_its_refresh_token_is_not_used(
    signed_in: Pod, entra: Emulator, key_file: Callable[[Path], Path]
) -> None:
    """A refresh token that is good for one use would be lost; the cache and the tokens stay byte for byte."""
    key = key_file(signed_in.state.parent / "key")
    signed_in.settings["SIDECAR_CACHE_KEY_FILE"] = str(key)
    code, output = signed_in.run("signin")
    assert code == 0, output
    before, stored = everything(signed_in), set(entra.grants.refresh_tokens)
    checks = examined(signed_in)
    assert failures(checks) == []
    assert checks["cache"]["outcome"] == checks["published"]["outcome"] == checks["key"]["outcome"] == "pass"
    assert "alice@contoso.example is signed in (sealed)" in checks["cache"]["seen"]
    assert "nobody else" in checks["private"]["seen"] or "denied" in checks["private"]["seen"]
    assert everything(signed_in) == before
    assert set(entra.grants.refresh_tokens) == stored
    assert not any(token.spent for token in entra.grants.refresh_tokens.values())


def test_person_reads_every_check_within_80_columns(pod: Pod) -> None:
    """One line or some for each, the fix below it, a sum at the end."""
    code, output = pod.run("doctor", AZURE_CLIENT_ID="not-a-guid")
    assert code == 1
    lines = output.splitlines()
    assert all(f" {name.replace('_', ' ')} " in output for name in CHECKS)
    assert "FAIL  settings         AZURE_CLIENT_ID: not a GUID" in output
    assert "                       > Change what is named" in output
    assert lines[-1].startswith("1 to be mended, ")
    assert all(len(line) <= 80 or " " not in line[23:] for line in lines)


def test_every_mistake_in_the_settings_is_told_and_the_rest_is_checked(pod: Pod) -> None:
    """As far as it does not depend on them."""
    checks = examined(pod, SIDECAR_SCOPE="x", SIDECAR_TOKEN_MODE="0777", AZURE_CLIENT_ID="")
    assert failures(checks) == ["settings"]
    for words in ("SIDECAR_SCOPE: unknown", "SIDECAR_TOKEN_MODE: give", "AZURE_CLIENT_ID: missing"):
        assert words in checks["settings"]["seen"]
    assert checks["discovery"]["outcome"] == "pass"
    assert [checks[name]["outcome"] for name in ("cache", "device_code", "public_client")] == ["skip"] * 3


@pytest.mark.parametrize(
    ("settings", "failing", "words"),
    [
        ({"SIDECAR_CA_FILE": ""}, ["tls"], "issued by OU=Testing CA"),
        ({"SIDECAR_CA_FILE": "/nowhere/ca.pem"}, ["tls"], "/nowhere/ca.pem cannot be read"),
        ({"AZURE_AUTHORITY_HOST": "https://login.invalid"}, ["dns"], "cannot be resolved"),
        ({"AZURE_AUTHORITY_HOST": "https://127.0.0.1:9"}, ["tls"], "refused"),
        ({"HTTPS_PROXY": "http://user:hush@127.0.0.1:9"}, ["tls"], "through 127.0.0.1:9"),
        ({"HTTPS_PROXY": "http://user:hush#x@127.0.0.1:9"}, ["proxy"], "is no address of a proxy"),
        ({"HTTPS_PROXY": "http://user:12345/hush@127.0.0.1:9"}, ["proxy"], "is no address of a proxy"),
        ({"HTTPS_PROXY": "http://proxy.invalid:3128"}, ["dns"], "proxy.invalid cannot be resolved"),
        ({"AZURE_TENANT_ID": "00000000-0000-4000-8000-000000000000"}, ["discovery"], "90002"),
        ({"AZURE_CLIENT_ID": "00000000-0000-4000-8000-000000000000"}, ["device_code"], "700016"),
        ({"SIDECAR_SCOPES": "https://nowhere.example/.default"}, ["device_code"], "AADSTS"),
        ({"SIDECAR_TOKENS": "odd=https://nowhere.example/.default"}, ["scopes"], "odd: "),
        ({"SIDECAR_CACHE_KEY_FILE": "/nowhere/key"}, ["key", "cache"], "cannot be read"),
    ],
    ids=[
        "untrusted",
        "no ca file",
        "dns",
        "refused",
        "proxy",
        "proxy with a hash",
        "proxy with a slash",
        "proxy dns",
        "tenant",
        "client",
        "scope",
        "token",
        "key",
    ],
)
def test_fault_is_named_once_and_has_its_fix(
    pod: Pod, settings: dict[str, str], failing: list[str], words: str
) -> None:
    """The step that fails says why; those behind it are left out; a proxy's password is not shown."""
    if "HTTPS_PROXY" not in settings:
        settings = {"NO_PROXY": "*", **settings}
    else:
        settings = {"NO_PROXY": "", "no_proxy": "", "https_proxy": settings["HTTPS_PROXY"], **settings}
    checks = examined(pod, **settings)
    assert failures(checks) == failing
    assert words in checks[failing[0]]["seen"]
    assert "hush" not in str(checks)


def test_client_that_is_not_public_is_found_without_a_person(pod: Pod, entra: Emulator) -> None:
    """The code stays pending there; that a made-up refresh token is refused as the client's fault tells."""
    entra.app.public_client = False
    checks = examined(pod)
    assert failures(checks) == ["public_client"]
    assert "7000218" in checks["public_client"]["seen"]
    assert "Allow public client flows" in checks["public_client"]["fix"]


def test_clock_that_is_off_is_a_warning(pod: Pod, entra: Emulator) -> None:
    """Tokens are renewed all the same."""
    entra.clock.advance(3630)
    checks = examined(pod)
    assert failures(checks) == []
    assert (checks["clock"]["outcome"], checks["clock"]["seen"]) == ("warn", "60 min behind the authority's")


def test_authority_that_errs_fails_the_step(pod: Pod, entra: Emulator) -> None:
    """As it would fail a sign-in."""
    entra.faults.always("discovery", faults.Status(503))
    assert failures(examined(pod)) == ["discovery"]


def test_one_volume_for_both_and_a_file_for_a_directory(pod: Pod) -> None:
    """What the roles would refuse with 78."""
    assert failures(examined(pod, SIDECAR_STATE_DIR=str(pod.tokens / "state"))) == ["apart"]
    file = pod.state.parent / "file"
    file.touch()
    checks = examined(pod, SIDECAR_TOKEN_DIR=str(file))
    assert failures(checks) == ["token_directory"]


def test_check_that_fails_by_itself_hides_no_other(pod: Pod) -> None:
    """Links that lead nowhere: each check that meets them says so, and the rest is made."""
    loop = pod.state.parent / "loop"
    loop.symlink_to(loop)
    checks = examined(pod, SIDECAR_TOKEN_DIR=str(loop))
    assert "cannot be looked at" in checks["token_directory"]["seen"]
    assert "the check itself failed" in checks["readers"]["seen"]
    assert checks["public_client"]["outcome"] == "pass"


def test_volume_that_is_read_only_or_full(pod: Pod, volume: Volume) -> None:
    """Told before a sign-in is asked for that could not be kept."""
    volume.fill()
    assert "full" in examined(pod, SIDECAR_TOKEN_DIR=str(volume.path))["token_directory"]["seen"]
    volume.free()
    assert examined(pod, SIDECAR_TOKEN_DIR=str(volume.path))["token_directory"]["outcome"] == "warn"
    volume.make_read_only()
    checks = examined(pod, SIDECAR_STATE_DIR=str(volume.path))
    assert failures(checks) == ["state_directory"]
    assert "read-only" in checks["state_directory"]["seen"]


def as_user(pod: Pod, *, uid: int, gid: int, **settings: str) -> dict[str, Check]:
    """The checks made by another user of the machine; nothing answers at the authority."""
    given = {**pod.settings, "AZURE_AUTHORITY_HOST": "https://127.0.0.1:9", **settings}
    read, mistakes = read_what_is_right(given, {})
    clock = SystemClock()
    for encoding in ("ascii", "idna"):  # loaded while this process can still read its own library
        codecs.lookup(encoding)
    with acting_as(uid, gid):
        made = examine(
            read,
            mistakes=mistakes,
            set_count=len(given),
            identity=own_identity(),
            clock=clock,
            interrupts=Interrupts(),
            environ={},
        )
        return {check.name: check for check in made}


@needs_root
def test_user_without_rights_is_told_which(pod: Pod) -> None:
    """A volume of root's cannot be written, and a group that is not one's own cannot be given."""
    with reachable_directory() as folder:
        own, roots = folder / "own", folder / "roots"
        own.mkdir()
        os.chown(own, 1234, 1234)
        roots.mkdir(mode=0o755)
        settings = {"SIDECAR_CA_FILE": "", "SIDECAR_STATE_DIR": str(roots), "SIDECAR_TOKEN_DIR": str(own)}
        checks = as_user(pod, uid=1234, gid=1234, SIDECAR_TOKEN_GROUP="4321", **settings)
        assert "Operation not permitted" in checks["token_directory"].seen
        assert "supplementalGroups" in checks["token_directory"].fix
        assert f"{roots} cannot be written (uid 0, gid 0, mode 0755)" in checks["state_directory"].seen
        assert "uid 1234, gid 1234" in checks["state_directory"].fix
        checks = as_user(
            pod,
            uid=1234,
            gid=1234,
            SIDECAR_TOKEN_GROUP="4321",
            **{**settings, "SIDECAR_TOKEN_DIR": f"{own}/t"},
        )
        assert "group 4321 is none of this process's" in checks["token_directory"].seen
        assert checks["user"] == Check("user", Outcome.PASS, "uid 1234, gid 1234")
        assert list(own.iterdir()) == list(roots.iterdir()) == []


@needs_root
def test_state_of_another_user_and_a_volume_that_apps_cannot_enter(pod: Pod) -> None:
    """A change of runAsUser, and a token directory that only its owner may enter."""
    with reachable_directory() as folder:
        state, tokens = folder / "state", folder / "tokens"
        for path in (state, tokens):
            path.mkdir(mode=0o700)
            os.chown(path, 1234, 1234)
        (state / "private").mkdir(mode=0o700)
        settings = {"SIDECAR_CA_FILE": "", "SIDECAR_STATE_DIR": str(state), "SIDECAR_TOKEN_DIR": str(tokens)}
        checks = as_user(pod, uid=1234, gid=1234, **settings)
        assert checks["private"].outcome is Outcome.FAIL
        assert "is not a directory of uid 1234" in checks["private"].seen
        assert checks["readers"].outcome is Outcome.WARN
        assert "lets only uid 1234 in (mode 0700)" in checks["readers"].seen


def test_term_ends_it_within_a_second(pod: Pod) -> None:
    """Also while a server says nothing: 143, and nothing is left behind."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"https://127.0.0.1:{silent.getsockname()[1]}"
        before = everything(pod)
        running = pod.start("doctor", AZURE_AUTHORITY_HOST=host, NO_PROXY="*")
        connection, _ = silent.accept()
        with connection:
            code, seconds = running.stop(signal.SIGTERM)
        assert (code, seconds < 4) == (143, True)
        assert everything(pod) == before

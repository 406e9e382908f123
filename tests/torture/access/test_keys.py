"""Every mistake with a key has its own message, ends with 78, and costs nobody the sign-in."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod
from tests.leaks import Leaks
from tests.torture.access.conftest import Household, needs_root
from tests.torture.access.shares import share
from tests.torture.access.users import SIDECAR, STRANGER
from tests.torture.figures import count

SETTING = "SIDECAR_CACHE_KEY_FILE"


def new_key(leaks: Leaks, length: int = 32) -> str:
    """A line of a key file."""
    key = base64.b64encode(os.urandom(length)).decode()
    leaks.issued({key})
    return key


@pytest.fixture
def right(outside: Path, leaks: Leaks) -> str:
    """The key that seals."""
    del outside
    return new_key(leaks)


def header(pod: Pod) -> dict[str, Any]:
    """The cache's first line."""
    found = json.loads((pod.private / "cache").read_bytes().partition(b"\n")[0])
    assert isinstance(found, dict)
    return found


def as_directory(file: Path) -> None:
    """As a Secret mounted without naming the file in it."""
    file.unlink()
    file.mkdir()


Mistake = Callable[[Path, str], object]

MISTAKES: dict[str, tuple[Mistake, list[str]]] = {
    "missing": (lambda file, _key: file.unlink(), ["No such file", "Mount"]),
    "a directory": (lambda file, _key: as_directory(file), ["Is a directory", "Name the file"]),
    "empty": (lambda file, _key: file.write_text(""), ["holds no key", "openssl rand"]),
    "comments only": (lambda file, key: file.write_text(f"# {key}\n\n"), ["holds no key", "openssl rand"]),
    "short": (
        lambda file, _key: file.write_text(base64.b64encode(bytes(16)).decode()),
        ["line 1 of", "is not a key", "16 bytes", "32"],
    ),
    "hexadecimal": (
        lambda file, _key: file.write_text(bytes(32).hex()),
        ["line 1 of", "is not a key", "48 bytes", "32"],
    ),
    "cut": (
        lambda file, key: file.write_text(f"# ours\n{key[:-3]}\n"),
        ["line 2 of", "is not a key", "not base64"],
    ),
    "two on a line": (
        lambda file, key: file.write_text(f"{key} {key}\n"),
        ["line 1 of", "is not a key", "not base64"],
    ),
    "UTF-16": (
        lambda file, key: file.write_bytes(f"{key}\r\n".encode("utf-16")),
        ["line 1 of", "is not a key", "UTF-16", "plain text"],
    ),
    "not readable": (
        lambda file, _key: os.chown(file, STRANGER.uid, STRANGER.gid),
        ["Permission denied", f"uid {STRANGER.uid}", "mode 0400", f"uid {SIDECAR.uid}"],
    ),
    "another": (
        lambda file, _key: file.write_text(base64.b64encode(bytes(32)).decode()),
        ["is sealed with key", "not among the keys given", "Add the old key"],
    ),
}


@needs_root
@pytest.mark.parametrize("role", share(["signin", "refresh"], 1))
def test_no_mistake_with_the_key_file_costs_the_sign_in(
    household: Household, outside: Path, right: str, role: str
) -> None:
    """78 and what to do; the cache is left byte for byte; with the right key back nobody is asked."""
    file = outside / "key"
    settings = {SETTING: str(file)}
    restore(file, right)
    household.sign_in(**settings)
    cache = household.pod.private / "cache"
    sealed = cache.read_bytes()
    for make, words in MISTAKES.values():
        file.chmod(0o600)
        make(file, right)
        if file.is_file():
            file.chmod(0o400)
        started = household.start(role, **settings)
        assert started.end() == 78, started.output
        (failure,) = started.records(f"{role}.failed")
        told = f"{failure['message']} {failure['advice']}"
        assert SETTING in told
        assert [word for word in words if word not in told] == [], told
        assert right[:10] not in told
        assert cache.read_bytes() == sealed
        assert [path.name for path in household.pod.private.glob("cache*")] == ["cache"]
        restore(file, right)
        count("access", "mistakes with keys told")
    household.turn("--now", event="refresh.succeeded", **settings)
    assert household.entra.count("devicecode") == 1
    count("access", "prompts caused by it", 0)


def restore(file: Path, key: str) -> None:
    """The right key, readable for the sidecar alone."""
    if file.is_dir():
        file.rmdir()
    file.unlink(missing_ok=True)
    file.write_text(f"{key}\n")
    file.chmod(0o400)
    os.chown(file, SIDECAR.uid, SIDECAR.gid)


def test_sealed_cache_without_the_setting_is_left_alone(
    pod: Pod, entra: Emulator, tmp_path: Path, right: str
) -> None:
    """78, and the message says that the setting is missing, not that a key is wrong."""
    (tmp_path / "key").write_text(right)
    entra.policy.approve_after = 0
    assert pod.run("signin", SIDECAR_CACHE_KEY_FILE=str(tmp_path / "key"))[0] == 0
    sealed = (pod.private / "cache").read_bytes()
    role = pod.start("signin")
    assert role.end() == 78
    (failure,) = role.records("signin.failed")
    assert failure["advice"].startswith(f"Set {SETTING}")
    assert (pod.private / "cache").read_bytes() == sealed
    assert pod.run("signin", SIDECAR_CACHE_KEY_FILE=str(tmp_path / "key"))[0] == 0
    assert entra.count("devicecode") == 1


def test_what_editors_do_to_a_key_file_does_no_harm(
    pod: Pod, entra: Emulator, tmp_path: Path, right: str
) -> None:
    """Line ends of other systems, and the mark that some editors put in front."""
    file = tmp_path / "key"
    file.write_text(right)
    entra.policy.approve_after = 0
    assert pod.run("signin", SIDECAR_CACHE_KEY_FILE=str(file))[0] == 0
    for written in (f"{right}\r\n", f"\ufeff{right}\n", f"\n# ours\n\t {right} ", f"{right}\r{right}\r"):
        file.write_bytes(written.encode())
        code, output = pod.run("signin", SIDECAR_CACHE_KEY_FILE=str(file))
        assert code == 0, output
    assert entra.count("devicecode") == 1


@pytest.mark.parametrize("role", share(["signin", "refresh"], 1))
def test_old_key_can_go_after_one_turn(
    pod: Pod, entra: Emulator, tmp_path: Path, leaks: Leaks, role: str
) -> None:
    """New key first, old one below: the next turn seals anew, without a request; then the old key can go."""
    file, old, new = tmp_path / "key", new_key(leaks), new_key(leaks)
    pod.settings[SETTING] = str(file)
    file.write_text(old)
    entra.policy.approve_after = 0
    assert pod.run("signin")[0] == 0
    before, requests = header(pod)["key_id"], len(entra.requests)
    file.write_text(f"{new}\n{old}\n")
    one_turn(pod, role)
    assert header(pod)["key_id"] != before
    assert len(entra.requests) == requests
    file.write_text(f"{new}\n")
    one_turn(pod, role)
    loop = pod.start("refresh", "--now")
    loop.wait_for("refresh.succeeded")
    assert loop.stop()[0] == 0
    assert entra.count("devicecode") == 1


@pytest.mark.parametrize("role", share(["signin", "refresh"], 1))
def test_key_given_later_seals_what_lay_open(
    pod: Pod, entra: Emulator, tmp_path: Path, right: str, role: str
) -> None:
    """The next turn leaves no secret readable in the state directory, without a request."""
    entra.policy.approve_after = 0
    assert pod.run("signin")[0] == 0
    assert any(secret.encode() in pod.stored() for secret in entra.grants.refresh_tokens)
    requests = len(entra.requests)
    (tmp_path / "key").write_text(right)
    pod.settings[SETTING] = str(tmp_path / "key")
    one_turn(pod, role)
    assert not any(secret.encode() in pod.stored() for secret in entra.secrets)
    assert len(entra.requests) == requests


def one_turn(pod: Pod, role: str) -> None:
    """A whole one, in which no token is due."""
    if role == "signin":
        assert pod.run("signin")[0] == 0
        return
    loop = pod.start("refresh")
    loop.wait_for("refresh.scheduled")
    assert loop.stop()[0] == 0

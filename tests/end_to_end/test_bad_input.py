"""What is wrong is said at once, with the fix, and without a traceback."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.emulator.faults import Html
from tests.end_to_end.pod import Pod

UNKNOWN = "99999999-9999-4999-8999-999999999999"
NOBODY = 65534


def test_all_mistakes_are_told_at_once(pod: Pod) -> None:
    """78, one message, each with its fix; nothing is asked of anybody."""
    code, output = pod.run(
        "signin",
        AZURE_CLIENT_ID="",
        SIDECAR_SIGNIN_TIMEOUT="soon",
        SIDECAR_TOKEN_MODE="0666",
        SIDECAR_LOG_LEVEL="chatty",
        SIDECAR_ALLOWED_USER="alice",
    )
    assert code == 78
    for name in ("AZURE_CLIENT_ID", "SIDECAR_SIGNIN_TIMEOUT", "SIDECAR_TOKEN_MODE", "SIDECAR_LOG_LEVEL"):
        assert f"- {name}: " in output
    assert "did you mean SIDECAR_ALLOWED_USERS?" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"AZURE_TENANT_ID": UNKNOWN}, 78, "AZURE_TENANT_ID"),
        ({"AZURE_CLIENT_ID": UNKNOWN}, 78, "AZURE_CLIENT_ID"),
        ({"SIDECAR_SCOPES": "https://nowhere.example/.default"}, 78, "SIDECAR_SCOPES"),
        ({"SIDECAR_CA_FILE": ""}, 69, "SIDECAR_CA_FILE"),
        ({"SIDECAR_CA_FILE": "/nowhere.pem"}, 78, "SIDECAR_CA_FILE"),
        ({"SIDECAR_CACHE_KEY_FILE": "/nowhere.key"}, 78, "SIDECAR_CACHE_KEY_FILE"),
    ],
    ids=["tenant", "client", "scope", "tls", "ca-file", "key-file"],
)
def test_misconfiguration_names_what_to_check(
    pod: Pod, settings: dict[str, str], code: int, words: str
) -> None:
    """The exit code, the setting to look at, and no traceback."""
    found, output = pod.run("signin", seconds=60, **settings)
    assert found == code, output
    assert words in output
    assert "Traceback" not in output


def test_error_of_the_authority_carries_its_correlation_id(pod: Pod) -> None:
    """What an administrator needs in order to find it in the sign-in logs."""
    role = pod.start("signin", AZURE_CLIENT_ID=UNKNOWN)
    assert role.end() == 78
    failure = role.records("signin.failed")[0]
    assert failure["aadsts"] == "700016"
    assert failure["correlation_id"]
    assert failure["authority_time"]


@pytest.mark.parametrize("role", ["signin", "refresh"])
def test_captive_portal_is_recognized(signed_in: Pod, entra: Emulator, role: str) -> None:
    """HTML in the place of JSON: it says so, keeps the published token, and is a passing failure."""
    (signed_in.private / "discovery.json").unlink()
    entra.faults.always("*", Html(200))
    published = signed_in.token()
    arguments = ["--now"] if role == "refresh" else []
    scopes = "User.Read" if role == "signin" else "https://graph.microsoft.com/.default"
    running = signed_in.start(role, *arguments, SIDECAR_SCOPES=scopes)
    failure = running.wait_for("refresh.trouble")
    assert "captive portal" in failure["advice"]
    if role == "signin":
        assert running.end(60) == 69
    else:
        assert running.stop()[0] == 0
    assert signed_in.token() == published


def test_unreachable_authority_is_told_with_its_cause(pod: Pod) -> None:
    """Nobody listens: the log names the host while it is tried again; 69 in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code, output = pod.run("signin", seconds=60, AZURE_AUTHORITY_HOST=f"https://localhost:{port}")
    assert code == 69
    assert f"localhost:{port}" in output
    assert "HTTPS_PROXY" in output


def test_proxy_that_refuses_is_an_unreachable_authority(pod: Pod) -> None:
    """HTTPS_PROXY is used, and what it answers is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=refuse, daemon=True).start()
        port = listener.getsockname()[1]
        code, output = pod.run(
            "signin", seconds=60, HTTPS_PROXY=f"http://127.0.0.1:{port}", NO_PROXY="", no_proxy=""
        )
    assert code == 69
    assert "403" in output


def test_nested_directories_are_refused(pod: Pod) -> None:
    """Apps would see the refresh token: 78 before anything is written."""
    code, output = pod.run("signin", SIDECAR_STATE_DIR=str(pod.tokens / "state"))
    assert code == 78
    assert "nested" in output


def test_missing_directory_is_made_where_the_parent_allows(pod: Pod, entra: Emulator) -> None:
    """A path that does not exist yet is no error."""
    entra.policy.approve_after = 0
    code, output = pod.run("signin", SIDECAR_TOKEN_DIR=str(pod.tokens / "a" / "b"))
    assert code == 0, output
    assert (pod.tokens / "a" / "b" / "token").exists()


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes users and mounts")


WITHOUT_CAPABILITIES = "setpriv --bounding-set=-all --inh-caps=-all sh"
"""Root as a container has it with all capabilities dropped: an ordinary user with uid 0."""


@needs_root
@pytest.mark.parametrize("which", ["SIDECAR_TOKEN_DIR", "SIDECAR_STATE_DIR"])
def test_directory_of_somebody_else_is_told_with_owner_and_mode(pod: Pod, which: str) -> None:
    """73: which directory, the uid, gid and mode found, and the uid that needs it."""
    path = Path(pod.settings[which])
    os.chown(path, NOBODY, NOBODY)
    path.chmod(0o755)
    running = pod.start("signin", shell=WITHOUT_CAPABILITIES)
    assert running.end() == 73, running.output
    (failure,) = running.records("signin.failed")
    assert which in failure["message"]
    assert f"uid {NOBODY}, gid {NOBODY}, mode 0755" in failure["message"]
    assert "uid 0" in failure["advice"]


@needs_root
def test_state_of_somebody_else_cannot_be_kept_private(pod: Pod) -> None:
    """78: a subdirectory that another uid owns is not ours to close."""
    pod.private.mkdir(mode=0o777)
    os.chown(pod.private, NOBODY, NOBODY)
    running = pod.start("signin", shell=WITHOUT_CAPABILITIES)
    assert running.end() == 78, running.output
    assert "mode 0700" in running.output


@needs_root
@pytest.mark.parametrize("which", ["SIDECAR_TOKEN_DIR", "SIDECAR_STATE_DIR"])
def test_full_volume_asks_nobody_and_heals(
    pod: Pod, entra: Emulator, which: str, full: Callable[[Path], Callable[[], None]]
) -> None:
    """73 with the cause; nobody is asked to sign in for nothing; room again, and it works."""
    free = full(Path(pod.settings[which]))
    code, output = pod.run("signin")
    assert code == 73, output
    assert "No space left" in output
    assert entra.count("devicecode") == 0
    free()
    entra.policy.approve_after = 0
    code, output = pod.run("signin")
    assert code == 0, output


@needs_root
def test_read_only_volume_is_told(pod: Pod) -> None:
    """73, and what to change."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", str(pod.tokens)], check=True)
    try:
        code, output = pod.run("signin")
    finally:
        subprocess.run(["umount", str(pod.tokens)], check=True)
    assert code == 73
    assert "SIDECAR_TOKEN_DIR" in output
    assert "Read-only" in output


@needs_root
@pytest.mark.usefixtures("open_path")
def test_apps_group_reads_tokens_and_nothing_else(pod: Pod, entra: Emulator) -> None:
    """SIDECAR_TOKEN_GROUP: its members read the token; others, and members elsewhere, read nothing."""
    entra.policy.approve_after = 0
    code, output = pod.run("signin", SIDECAR_TOKEN_GROUP="4242")
    assert code == 0, output

    def can_read(path: Path, gid: int) -> bool:
        done = subprocess.run(
            ["setpriv", "--reuid=5000", f"--regid={gid}", "--clear-groups", "cat", str(path)],
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    assert can_read(pod.tokens / "token", 4242)
    assert can_read(pod.tokens / "token.json", 4242)
    assert not can_read(pod.tokens / "token", 4343)
    assert not can_read(pod.private / "cache", 4242)
    assert stat.S_IMODE((pod.private / "cache").stat().st_mode) == 0o600


@pytest.fixture
def open_path(tmp_path: Path) -> None:
    """Let other users walk down to pytest's directories, which are 0700."""
    for path in [tmp_path, *tmp_path.parents][:4]:
        if path not in (Path("/"), Path("/tmp")):
            path.chmod(path.stat().st_mode | 0o011)


def test_usage_error_is_told_on_stderr(pod: Pod) -> None:
    """64 for an unknown role, an unknown flag and an unknown probe."""
    assert pod.run("sign-in")[0] == 64
    assert pod.run("signin", "--scope", "x")[0] == 64
    assert pod.run("probe", "health")[0] == 64

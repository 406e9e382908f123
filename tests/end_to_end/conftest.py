"""Pods for the stand-in and for any other provider."""

from __future__ import annotations

import base64
import errno
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod
from tests.end_to_end.served import VAULT, Served
from tests.leaks import Leaks

GRAPH = "https://graph.microsoft.com/.default"


@pytest.fixture
def pod(new_pod: Callable[..., Pod], entra: Emulator) -> Pod:
    """A pod that wants a Graph token of the stand-in."""
    return new_pod(
        AZURE_AUTHORITY_HOST=entra.authority_host,
        AZURE_TENANT_ID=entra.tenant_id,
        AZURE_CLIENT_ID=entra.client_id,
        SIDECAR_CA_FILE=str(entra.ca_file),
        SIDECAR_SCOPES=GRAPH,
    )


@pytest.fixture
def signed_in(pod: Pod, entra: Emulator) -> Pod:
    """The same after a sign-in."""
    entra.policy.approve_after = 0
    code, output = pod.run("signin")
    assert code == 0, output
    entra.policy.approve_after = None
    return pod


@pytest.fixture
def served(
    new_pod: Callable[..., Pod], entra: Emulator, leaks: Leaks, tmp_path: Path
) -> Callable[..., Served]:
    """Signs in, and serves two tokens; tokens live as long as the policy says."""

    def start(**settings: str) -> Served:
        secret = secrets.token_hex(16)
        leaks.issued({secret})
        (tmp_path / "secret").write_text(f"{secret}\n")
        pod = new_pod(
            AZURE_AUTHORITY_HOST=entra.authority_host,
            AZURE_TENANT_ID=entra.tenant_id,
            AZURE_CLIENT_ID=entra.client_id,
            SIDECAR_CA_FILE=str(entra.ca_file),
            SIDECAR_SCOPES=GRAPH,
            SIDECAR_TOKENS=f"vault={VAULT}",
            SIDECAR_SERVE_ADDRESS="127.0.0.1:0",
            SIDECAR_SERVE_SECRET_FILE=str(tmp_path / "secret"),
            SIDECAR_SERVE_IMDS="on",
            **settings,
        )
        entra.policy.approve_after = 0
        code, output = pod.run("signin")
        assert code == 0, output
        entra.policy.approve_after = None
        role = pod.start("serve")
        return Served(pod, role, f"http://{role.wait_for('serve.started')['address']}", secret)

    return start


@pytest.fixture
def key_file(leaks: Leaks) -> Callable[[Path], Path]:
    """Makes key files with one new key, which the leak check knows."""

    def make(path: Path) -> Path:
        key = base64.b64encode(os.urandom(32)).decode()
        leaks.issued({key})
        path.write_text(key + "\n")
        return path

    return make


@pytest.fixture
def full() -> Iterator[Callable[[Path], Callable[[], None]]]:
    """Puts a real volume of 96 KiB at a path, or takes the one that is there, and fills it; what it
    returns makes room again.
    """
    mounted: list[Path] = []

    def fill(path: Path) -> Callable[[], None]:
        if path not in mounted:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "none", str(path)], check=True)
            mounted.append(path)
        ballast = path / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        return ballast.unlink

    yield fill
    for path in mounted:
        subprocess.run(["umount", "--lazy", str(path)], check=True)

"""A pod whose sidecar runs as a user of its own, on volumes that other users can walk down to."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.end_to_end.conftest import GRAPH, key_file, pod, signed_in
from tests.end_to_end.pod import Pod, Running
from tests.leaks import Leaks
from tests.torture.access.users import SIDECAR, TOKEN_GROUP

__all__ = ["key_file", "pod", "signed_in"]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="takes on other users: needs root")


class Household:
    """The pod, and its roles as processes of the user `SIDECAR`."""

    def __init__(self, pod: Pod, entra: Emulator) -> None:
        self.pod = pod
        self.entra = entra

    def start(self, *arguments: str, **settings: str) -> Running:
        """Start `entrypoint.sh`."""
        return self.pod.start(*arguments, shell=SIDECAR.shell, **settings)

    def run(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """Run it to its end."""
        running = self.start(*arguments, **settings)
        return running.end(), running.output

    def sign_in(self, **settings: str) -> None:
        """Somebody signs in."""
        self.entra.policy.approve_after = 0
        code, output = self.run("signin", **settings)
        assert code == 0, output
        self.entra.policy.approve_after = None

    def turn(self, *arguments: str, event: str = "refresh.scheduled", **settings: str) -> Running:
        """One turn of the loop, which is ended then."""
        running = self.start("refresh", *arguments, **settings)
        running.wait_for(event)
        assert running.stop()[0] == 0
        return running


@pytest.fixture
def outside() -> Iterator[Path]:
    """A directory that every user can reach and only root can change."""
    with tempfile.TemporaryDirectory(prefix="access-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def household(
    outside: Path, entra: Emulator, leaks: Leaks, request: pytest.FixtureRequest
) -> Iterator[Household]:
    """See `Household`; both volumes are the sidecar's own until a test changes that."""
    ca_file = outside / "ca.pem"
    shutil.copyfile(entra.ca_file, ca_file)
    pod = Pod(
        outside / "pod",
        {
            "AZURE_AUTHORITY_HOST": entra.authority_host,
            "AZURE_TENANT_ID": entra.tenant_id,
            "AZURE_CLIENT_ID": entra.client_id,
            "SIDECAR_CA_FILE": str(ca_file),
            "SIDECAR_SCOPES": GRAPH,
            "SIDECAR_TOKENS": "arm=https://management.azure.com/.default",
            "SIDECAR_TOKEN_GROUP": str(TOKEN_GROUP),
        },
        leaks=leaks,
        test=request.node.nodeid,
    )
    for path in (pod.tokens, pod.state):
        os.chown(path, SIDECAR.uid, SIDECAR.gid)
    yield Household(pod, entra)
    pod.close()


@pytest.fixture
def readable_key(outside: Path, key_file: Callable[[Path], Path]) -> Path:
    """A key file that the sidecar can read."""
    path = key_file(outside / "key")
    os.chown(path, SIDECAR.uid, SIDECAR.gid)
    path.chmod(0o400)
    return path

"""Tokens of the stand-in, served by a real `serve`."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from tests.end_to_end.pod import ROOT, Pod, Running

VAULT = "https://vault.azure.net/.default"


@dataclass
class Served:
    """A pod whose tokens are served, and the two environments by which apps find that."""

    pod: Pod
    role: Running
    url: str
    secret: str

    @property
    def app_service(self) -> dict[str, str]:
        """As Azure App Service sets it."""
        return {"IDENTITY_ENDPOINT": f"{self.url}/msi/token", "IDENTITY_HEADER": self.secret}

    @property
    def metadata(self) -> dict[str, str]:
        """As on a virtual machine whose metadata service has another address."""
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url}

    def renew(self) -> str:
        """One turn; the vault's new token."""
        environ = {**os.environ, **self.pod.settings, "PYTHONPATH": str(ROOT)}
        turn = [sys.executable, "-P", "-m", "sidecar", "refresh", "--now"]
        subprocess.run(turn, env=environ, capture_output=True, check=True, timeout=60)
        return str(self.pod.document("vault")["access_token"])

    def curl(self, path: str, *options: str) -> str:
        """What curl prints."""
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", *options, f"{self.url}{path}"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

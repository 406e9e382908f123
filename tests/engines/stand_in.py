"""The stand-in for Entra as a container, driven through its control endpoints."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.emulator.directory import CLIENT_ID, CONTOSO_ID
from tests.engines.docker import STAND_IN, Container, Engine, docker, eventually

NAME = "entra"
PORT = 8443


@dataclass
class StandIn:
    """`environment` is what a sidecar in the same network needs to use it."""

    container: Container
    network: str
    tls: str
    url: str
    ca_file: Path

    @property
    def environment(self) -> dict[str, str]:
        """Settings of the product, by name."""
        return {
            "AZURE_AUTHORITY_HOST": f"https://{NAME}:{PORT}",
            "AZURE_TENANT_ID": CONTOSO_ID,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "SIDECAR_SCOPES": "https://graph.microsoft.com/.default",
            "SIDECAR_CA_FILE": "/tls/ca.pem",
        }

    def options(self, **settings: str) -> list[str]:
        """Options of `docker run` that bring a sidecar together with it."""
        made = ["--network", self.network, "--volume", f"{self.tls}:/tls:ro"]
        for name, value in (self.environment | settings).items():
            made += ["--env", f"{name}={value}"]
        return made

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """A request to /_control."""
        with requests.Session() as session:
            session.trust_env, session.verify = False, str(self.ca_file)
            answer = session.request(method, f"{self.url}/_control/{path}", json=body or None, timeout=10)
            answer.raise_for_status()
            return answer.json()

    def approve(self, user: str = "alice") -> None:
        """Sign in at the open prompt, as soon as there is one."""
        eventually(lambda: self.ask("GET", "codes")["user_codes"], "an open prompt")
        self.ask("POST", "approve", user=user)

    def count(self, kind: str) -> int:
        """How many requests of a kind there were: devicecode, token:refresh_token, graph …"""
        return len(self.ask("GET", f"requests?kind={kind}")["requests"])

    def secrets(self) -> set[str]:
        """All that it issued and that nobody may print."""
        return set(self.ask("GET", "secrets")["secrets"])


def start(engine: Engine, folder: Path, *options: str) -> StandIn:
    """In a network of its own, reachable for the test on loopback; `options` are the program's."""
    network, tls = engine.network(), engine.volume()
    container = engine.run(
        *("--network", network, "--network-alias", NAME, "--publish", f"127.0.0.1::{PORT}"),
        *("--volume", f"{tls}:/tls", "--read-only", "--tmpfs", "/tmp", "--cap-drop=ALL"),
        *(STAND_IN, "--hostname", NAME, *options),
    )
    container.wait_for("authority_host")
    port = docker("port", container.id, f"{PORT}/tcp").rsplit(":", 1)[1].strip()
    ca_file = folder / f"ca-{time.monotonic_ns()}.pem"
    docker("cp", f"{container.id}:/tls/ca.pem", str(ca_file))
    return StandIn(container, network, tls, f"https://localhost:{port}", ca_file)

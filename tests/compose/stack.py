"""The compose files of this repository as a test runs them: a copy of its own, a project of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.engines.docker import PRODUCT, STAND_IN, Container, EngineError, docker, eventually

ROOT = Path(__file__).parents[2]
APP = os.environ.get("SIDECAR_TEST_APP_IMAGE", "entra-token-sidecar-example-app:dev")
APPS = ("app-sh", "app-py", "app-js")
UP_SECONDS = 240
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class ComposeError(Exception):
    """A command of `docker compose` failed; the text is what it said."""


@dataclass
class Stack:
    """`folder` is the copy of a fresh checkout; `settings` are variables of the shell that runs compose."""

    folder: Path
    project: str
    printed: Callable[[str], None]
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0

    def __post_init__(self) -> None:
        """Nothing of this machine's own .env takes part."""
        shutil.copy(ROOT / "docker-compose.yml", self.folder)
        shutil.copytree(ROOT / "compose", self.folder / "compose")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @property
    def environment(self) -> dict[str, str]:
        """The images under test, short lives, and nobody who approves unasked."""
        outside = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AZURE_", "SIDECAR_", "COMPOSE_", "STAND_IN_"))
        }
        return outside | {
            "ENTRA_SIDECAR_IMAGE": PRODUCT,
            "STAND_IN_IMAGE": STAND_IN,
            "EXAMPLE_APP_IMAGE": APP,
            "STAND_IN_PORT": str(self.port),
            "STAND_IN_TOKEN_LIFE": "20",
            "STAND_IN_APPROVE_AFTER": "86400",
            "CALL_EVERY_SECONDS": "1",
            **self.settings,
        }

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`docker compose` in the background, both outputs in one pipe; gone when the block is left."""
        with subprocess.Popen(
            ["docker", "compose", "--project-name", self.project, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # `docker` runs compose as a child, which would outlive it.
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def finish(self, process: subprocess.Popen[str], timeout: float) -> str:
        """What it printed until its end.

        :raises ComposeError: it failed, or took longer
        """
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise ComposeError(f"{process.args!r} not done in {timeout} s: {error.stdout!r}") from None
        self.printed(output)
        if process.returncode:
            raise ComposeError(f"{process.args!r} left {process.returncode}: {output}")
        return _COLOURS.sub("", output)

    def compose(self, *arguments: str, timeout: float = UP_SECONDS) -> str:
        """`docker compose` to its end; what it printed.

        :raises ComposeError: it failed, or took longer
        """
        with self.running(*arguments) as process:
            return self.finish(process, timeout)

    def config(self) -> dict[str, Any]:
        """The files as compose has read them."""
        read: dict[str, Any] = json.loads(self.compose("config", "--format", "json"))
        return read

    def logs(self, *services: str) -> str:
        """`docker compose logs`."""
        return self.compose("logs", "--no-color", *services)

    def container(self, service: str) -> Container:
        """The service's container, running or ended."""
        return Container(self.compose("ps", "--all", "--quiet", service).strip())

    def inspect(self, service: str) -> dict[str, Any]:
        """`docker inspect` of its container."""
        found: list[dict[str, Any]] = json.loads(docker("inspect", self.container(service).id))
        return found[0]

    def prompts(self) -> list[dict[str, Any]]:
        """Every prompt in the log, as programs read it."""
        lines = re.findall(r'\{"event": "signin.code_issued".*', self.logs("signin", "refresh"))
        return [json.loads(line) for line in lines]

    def ask(self, method: str, path: str, **body: Any) -> requests.Response:
        """A request to the stand-in, where it is published on this machine's loopback."""
        ca_file = self.folder / "ca.pem"
        if not ca_file.exists():
            docker("cp", f"{self.container('entra').id}:/tls/ca.pem", str(ca_file))
        with requests.Session() as session:
            session.trust_env, session.verify = False, str(ca_file)
            url = f"https://localhost:{self.port}/{path}"
            answer = session.request(method, url, json=body or None, timeout=10)
            answer.raise_for_status()
            return answer

    def sign_in(self) -> dict[str, Any]:
        """`up` on nothing, approved at the first prompt; the prompt."""
        with self.running("up", "--detach") as up:
            eventually(self._open_codes, "an open prompt", UP_SECONDS)
            prompt = eventually(self.prompts, "the prompt in the log")[-1]
            self.ask("POST", "_control/approve", user_code=prompt["user_code"])
            self.finish(up, UP_SECONDS)
        return prompt

    def _open_codes(self) -> list[str]:
        """The prompts that the stand-in knows of; none while it is not up yet."""
        try:
            codes: list[str] = self.ask("GET", "_control/codes").json()["user_codes"]
        except (EngineError, OSError):
            return []
        return codes

    def answers(self, app: str) -> list[str]:
        """What one app has logged so far, a line per call."""
        return docker("logs", self.container(app).id).splitlines()

    def calls_go_on(self, *apps: str, count: int = 3) -> None:
        """Wait until every app, or these, has called that often more, and each time with success.

        :raises AssertionError: an app's call failed, or none came
        """
        for app in apps or APPS:
            before = len(self.answers(app))
            self.has_answered(app, before + count)
            assert set(self.answers(app)[before:]) == {"200 Alice Adams"}

    def has_answered(self, app: str, count: int) -> None:
        """Wait until one app has logged so many lines."""
        eventually(lambda: len(self.answers(app)) >= count, f"{count} lines of {app}")

    def has_said(self, app: str, status: str) -> None:
        """Wait until the newest line of one app begins with `status`."""
        eventually(
            lambda: [line for line in self.answers(app)[-1:] if line.startswith(status)], f"{status} of {app}"
        )

    def refused_calls(self) -> int:
        """How many calls of the API were answered by 401."""
        found = self.ask("GET", "_control/requests?kind=me").json()["requests"]
        return sum(request["status"] == 401 for request in found)

    def renewals(self) -> int:
        """How many renewals the stand-in has granted since it started."""
        found = self.ask("GET", "_control/requests?kind=token:refresh_token").json()["requests"]
        return sum(request["status"] == 200 for request in found)

    def secrets(self) -> set[str]:
        """All that must not be printed: what the stand-in issued, and the key of the state."""
        issued = set(self.ask("GET", "_control/secrets").json()["secrets"])
        return issued | {self.read_volume("demo-key", "key").strip()}

    def read_volume(self, volume: str, path: str) -> str:
        """A file of a volume, by a container that mounts nothing else."""
        return self.in_volume(volume, f"print(open({path!r}).read(), end='')")

    def in_volume(self, volume: str, program: str) -> str:
        """Run Python as the sidecar's user, with a volume as its working directory."""
        return docker(
            *("run", "--rm", "--network=none", "--volume", f"{self.project}_{volume}:/v:ro", "--workdir=/v"),
            *("--entrypoint=python3", PRODUCT, "-c", program),
        )

    def close(self) -> None:
        """Everything is removed, volumes too."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "2")
        label = f"label=com.docker.compose.project={self.project}"
        for name in docker("volume", "ls", "--quiet", "--filter", label).split():
            docker("volume", "rm", name)

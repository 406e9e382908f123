"""The docker command line as tests use it; nothing of an engine's own interface is assumed beyond it."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

PRODUCT = os.environ.get("SIDECAR_TEST_IMAGE", "entra-token-sidecar:dev")
KUBERNETES = os.environ.get("SIDECAR_TEST_KUBERNETES_IMAGE", "entra-token-sidecar:dev-kubernetes")
STAND_IN = os.environ.get("SIDECAR_TEST_EMULATOR_IMAGE", "entra-token-sidecar-emulator:dev")
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")
COMMAND_SECONDS = 180
WAIT_SECONDS = 60.0


T = TypeVar("T")


class EngineError(Exception):
    """A docker command failed; the text is what it said."""


def docker(*arguments: str, check: bool = True, timeout: float = COMMAND_SECONDS) -> str:
    """What the command prints on stdout and stderr.

    :raises EngineError: it failed, unless `check` is off
    """
    done = subprocess.run(
        ["docker", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check and done.returncode:
        raise EngineError(f"docker {arguments[0]} left {done.returncode}: {done.stdout}")
    return done.stdout


def inside(program: str, image: str = PRODUCT) -> str:
    """What a Python program prints in the image."""
    return docker("run", "--rm", "--entrypoint", "python3", image, "-P", "-c", program)


def eventually(see: Callable[[], T], what: str, seconds: float = WAIT_SECONDS) -> T:
    """The first true answer of `see`, asked every fifth of a second."""
    until = time.monotonic() + seconds
    while not (seen := see()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.2)
    return seen


@dataclass
class Container:
    """One container, by its id."""

    id: str

    def state(self) -> dict[str, Any]:
        """`State` of `docker inspect`: Running, ExitCode, StartedAt, FinishedAt, Health."""
        found: dict[str, Any] = json.loads(docker("inspect", "--format", "{{json .State}}", self.id))
        return found

    def logs(self) -> str:
        """All that it printed so far."""
        return docker("logs", self.id)

    def execute(self, *command: str, check: bool = True) -> str:
        """Run a command beside its main process."""
        return docker("exec", self.id, *command, check=check)

    def wait_for(self, text: str, seconds: float = WAIT_SECONDS) -> str:
        """Wait until the log holds `text`; the log."""

        def seen() -> str:
            printed = self.logs()
            if text not in printed and not self.state()["Running"]:
                raise AssertionError(f"ended without {text!r}:\n{self.logs()}")
            return printed if text in printed else ""

        return eventually(seen, f"{text!r} in the log", seconds)

    def wait(self, seconds: float = WAIT_SECONDS) -> int:
        """The exit code, once it has ended."""
        eventually(lambda: not self.state()["Running"], "the container's end", seconds)
        return int(self.state()["ExitCode"])

    def signal(self, name: str) -> None:
        """Send a signal to its PID 1."""
        docker("kill", "--signal", name, self.id)

    def health(self) -> str:
        """`starting`, `healthy` or `unhealthy`."""
        return str(self.state().get("Health", {}).get("Status"))


@dataclass
class Engine:
    """What one test made, all of it removed at the end."""

    printed: Callable[[str], None]
    containers: list[Container] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)

    def run(self, *arguments: str) -> Container:
        """Start a container in the background: `docker run` options, image, arguments."""
        made = Container(docker("run", "--detach", *arguments).strip().splitlines()[-1])
        self.containers.append(made)
        return made

    def once(self, *arguments: str) -> tuple[int, str]:
        """Run a container to its end; exit code and output."""
        ended = self.run(*arguments)
        return ended.wait(), ended.logs()

    def volume(self, *options: str) -> str:
        """A named volume."""
        name = docker("volume", "create", *options, f"sidecar-test-{uuid.uuid4().hex[:12]}").strip()
        self.volumes.append(name)
        return name

    def network(self) -> str:
        """A bridge of the test's own."""
        name = f"sidecar-test-{uuid.uuid4().hex[:12]}"
        docker("network", "create", name)
        self.networks.append(name)
        return name

    def close(self) -> None:
        """Remove everything; what the containers printed goes to the search for secrets."""
        for container in self.containers:
            self.printed(docker("logs", container.id, check=False))
            docker("rm", "--force", "--volumes", container.id, check=False)
        for name in self.volumes:
            docker("volume", "rm", "--force", name, check=False)
        for name in self.networks:
            docker("network", "rm", name, check=False)


@contextmanager
def engine(printed: Callable[[str], None]) -> Iterator[Engine]:
    """An engine for one test or module."""
    made = Engine(printed)
    try:
        yield made
    finally:
        made.close()

"""`serve` as a process, beside directories that a test fills itself."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar.adapters.web_server import WebServer
from sidecar.core.web import Door
from tests.end_to_end.pod import Pod, Running
from tests.leaks import Leaks
from tests.serve.shop import Shop


class Served(Pod):
    """A pod whose `serve` listens at a port of its own; what is published is a test's own token."""

    secret = ""
    token_text = ""

    def publish(self, *, seconds: int = 3600) -> None:
        """What a turn leaves: a generation, and the numbers of the probes."""
        until = int(time.time()) + seconds
        generation = self.tokens / "..1"
        generation.mkdir(exist_ok=True)
        (generation / "token").write_text(self.token_text)
        if not (self.tokens / "..data").is_symlink():
            (self.tokens / "..data").symlink_to("..1")
        self.private.mkdir(mode=0o700, exist_ok=True)
        for name in ("live_until", "ready_until"):
            (self.private / name).write_text(f"{until}\n")

    def serve(self, address: str = "127.0.0.1:0", **settings: str) -> tuple[Running, tuple[str, int]]:
        """Start it; the process, and where it listens."""
        running = self.start("serve", SIDECAR_SERVE_ADDRESS=address, **settings)
        host, _, port = str(running.wait_for("serve.started")["address"]).rpartition(":")
        return running, (host.strip("[]"), int(port))


@pytest.fixture
def served(tmp_path: Path, leaks: Leaks, request: pytest.FixtureRequest) -> Iterator[Served]:
    """One with a live token, and a secret in a file that its settings do not name yet."""
    pod = Served(tmp_path / "pod", {}, leaks=leaks, test=request.node.nodeid)
    pod.token_text, pod.secret = secrets.token_urlsafe(200), secrets.token_hex(16)
    leaks.issued({pod.token_text, pod.secret})
    (tmp_path / "secret").write_text(pod.secret + "\n")
    pod.publish()
    yield pod
    pod.close()


@pytest.fixture
def secret_file(tmp_path: Path, served: Served) -> Path:
    """Where the secret is."""
    assert served.secret
    return tmp_path / "secret"


@pytest.fixture
def heard(leaks: Leaks, request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    """Hands an answer to the leak check, and on."""

    def keep(answer: bytes) -> bytes:
        leaks.printed(request.node.nodeid, answer.decode(errors="replace"))
        return answer

    return keep


Start = Callable[..., WebServer]


@pytest.fixture
def start() -> Iterator[Start]:
    """Servers on loopback within this process, for one door each."""
    made: list[WebServer] = []

    def run(door: Door) -> WebServer:
        made.append(WebServer(("127.0.0.1", 0), door))
        made[-1].start()
        return made[-1]

    yield run
    for server in made:
        server.stop()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Closed at the end, so that no child is left."""
    made = Shop(tmp_path)
    yield made
    made.open_up()
    made.fetcher.close()

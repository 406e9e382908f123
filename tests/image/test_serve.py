"""The role `serve` as engines run it: hardened, as any user, and beside nothing at all."""

from __future__ import annotations

import pytest

from tests.engines.docker import HARDENED, PRODUCT, Container, Engine, eventually
from tests.engines.stand_in import StandIn
from tests.image.test_running import USERS, VOLUMES, seconds_to_end

pytestmark = pytest.mark.image

ASK = (
    "import urllib.request as u\n"
    "try: r = u.urlopen('http://127.0.0.1:8484/{path}', timeout=10)\n"
    "except u.HTTPError as error: r = error\n"
    "print(r.status, r.read().decode().strip())"
)


def asked(container: Container, path: str) -> str:
    """Status and line, asked on the container's own loopback; empty while nobody listens."""
    return container.execute("python3", "-P", "-c", ASK.format(path=path), check=False).strip()


@pytest.mark.parametrize("user", USERS)
def test_it_serves_hardened_as_any_user_without_a_volume_or_a_network(
    docker_engine: Engine, user: str
) -> None:
    """Read-only root, no capability, nothing to write to; and it ends when it is told to."""
    serve = docker_engine.run(*HARDENED, "--network=none", "--user", user, PRODUCT, "serve")
    serve.wait_for("serve.started")
    assert asked(serve, "readiness") == "503 not ready: no token published yet"
    assert asked(serve, "metrics").startswith("200 # HELP")
    assert asked(serve, "").startswith("200 <!doctype html>")
    assert asked(serve, "nothing") == "404 there is nothing here"
    assert seconds_to_end(serve, "TERM") < 1.5
    assert serve.state()["ExitCode"] == 0


def test_it_says_what_the_probe_says_beside_the_loop(docker_engine: Engine, entra: StandIn) -> None:
    """In the same container here; the files are the same wherever they are mounted."""
    refresh = docker_engine.run(*HARDENED, *VOLUMES, *entra.options(), PRODUCT, "refresh")
    docker_exec = ("sh", "-c", "/entrypoint.sh serve >/dev/null 2>&1 &")
    refresh.execute(*docker_exec)
    eventually(lambda: asked(refresh, "startup").startswith("503 not ready: "), "it listens")
    entra.approve()
    eventually(lambda: asked(refresh, "startup").startswith("200 ok: token live for "), "a live token")
    assert asked(refresh, "liveness").startswith("200 ok: heartbeat ")

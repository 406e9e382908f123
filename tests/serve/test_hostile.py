"""`serve` as a process, against those who mean ill: refused or served within bounds, and nothing leaks."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.adapters.log import Log
from sidecar.adapters.web_server import WebServer
from sidecar.core.web import text
from sidecar.serve.gate import Entrance, Gate
from sidecar.serve.role import trouble_told
from sidecar.serve.routes import Route, router
from tests.end_to_end.pod import ROOT, Running, eventually
from tests.posix.identities import needs_root
from tests.serve.asking import ask, exchange
from tests.serve.conftest import Served

Address = tuple[str, int]
ELSEWHERE = "192.0.2.7"
"""Of the documentation's (RFC 5737), in a network that leads nowhere."""

NETWORK = f"""#!/bin/sh
ip link set lo up && ip address add {ELSEWHERE}/32 dev lo && exec sh "$@"
"""


@contextmanager
def dripping(address: Address, count: int) -> Iterator[list[socket.socket]]:
    """Connections whose requests never end, a byte every half second; who was closed comes anew."""
    done = threading.Event()
    with ExitStack() as held:
        made = [held.enter_context(socket.create_connection(address)) for _ in range(count)]

        def drip() -> None:
            while not done.wait(0.5):
                for place, connection in enumerate(made):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        connection.close()
                        with suppress(OSError):
                            made[place] = held.enter_context(socket.create_connection(address))

        for connection in made:
            connection.sendall(b"GET /readiness HTTP/1.1\r\nHost: localhost\r\nX: ")
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield made
        finally:
            done.set()
            thread.join()


@pytest.mark.serial
def test_it_ends_when_its_shell_was_killed(served: Served) -> None:
    """In a checkout nobody else would, and the port would be taken for good."""
    running, address = served.serve()
    running.process.kill()
    running.end()
    eventually(lambda: refused(address), "nobody listens any more")


def refused(address: tuple[str, int]) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as client:
        return client.connect_ex(address) != 0


def test_two_hundred_who_drip_keep_nobody_out(served: Served) -> None:
    """Every answer of a probe comes in time, for longer than any of them is borne."""
    _, address = served.serve()
    slowest = 0.0
    with dripping(address, 200):
        end = time.monotonic() + 12
        while time.monotonic() < end:
            started = time.monotonic()
            assert ask(address).status == 200
            slowest = max(slowest, time.monotonic() - started)
    assert slowest < 3
    eventually(lambda: ask(address).status == 200, "an answer when they are gone")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_with_clients_hanging(served: Served, signum: int) -> None:
    """Open connections, half a request, an answer that nobody reads: exit code 0, no word but the log's."""
    running, address = served.serve()
    with dripping(address, 50), socket.create_connection(address) as unread:
        unread.sendall(b"GET /readiness HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert ask(address).status == 200
        code, seconds = running.stop(signum)
    assert code == 0
    assert seconds < 5
    assert [record["event"] for record in running.records()] == ["serve.started", "shutdown.requested"]


def python_of(running: Running) -> int:
    """The process below the shell."""
    shell = running.process.pid
    return int(Path(f"/proc/{shell}/task/{shell}/children").read_text().split()[0])


def pss_kib(pid: int) -> int:
    """Its share of the memory, in KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1])


@pytest.mark.serial
def test_ten_thousand_requests_leave_nothing_behind(served: Served) -> None:
    """Of every kind, eight at a time: no memory, no descriptor, no thread, no line in the log."""
    running, address = served.serve()
    pid = python_of(running)
    targets = ("/readiness", "/startup", "/liveness", "/nothing", "/%2e%2e/etc/passwd", f"/{'x' * 4000}")

    def one(number: int) -> int:
        host = "evil.example" if number % 7 == 0 else "localhost"
        return ask(address, targets[number % len(targets)], Host=host).status

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(1000)))
        before = pss_kib(pid), len(list(Path(f"/proc/{pid}/fd").iterdir()))
        statuses = list(pool.map(one, range(10_000)))
        eventually(lambda: len(list(Path(f"/proc/{pid}/fd").iterdir())) <= before[1], "no descriptor left")
    assert set(statuses) == {200, 404, 421, 503}
    assert pss_kib(pid) - before[0] < 1024
    assert running.output.count("\n") == 1


FRAGMENTS = st.sampled_from(
    [
        *(b"GET ", b"HEAD ", b"POST ", b"OPTIONS ", b"/token", b"/readiness", b"/", b"//", b"/../", b"*"),
        *(b" HTTP/1.1", b" HTTP/1.0", b" HTTP/9.9", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b" ", b"\t", b"\0"),
        *(b"Host: localhost", b"Host: evil", b"X-IDENTITY-HEADER: ", b"Authorization: Basic Og==", b"\x80"),
        *(b"Metadata: true", b"Content-Length: 5", b"Content-Length: -1", b"Transfer-Encoding: chunked"),
        *(b"0\r\n\r\n", b"5\r\nhello\r\n", b"ffffffffffffffff\r\n", b"Expect: 100-continue", b"%00", b"%2e"),
    ]
)
RUBBISH = st.lists(st.one_of(FRAGMENTS, FRAGMENTS, FRAGMENTS, st.binary(max_size=20)), max_size=25)


@pytest.fixture(scope="module")
def closed_door() -> Iterator[tuple[Address, str]]:
    """A server with a token behind a secret, and that token."""
    token = "the-token-that-nobody-may-see"
    doors = {
        "/token": Route(lambda _request: text(200, token), Entrance.SECRET),
        "/metadata": Route(lambda _request: text(200, token), Entrance.METADATA),
        "/readiness": Route(lambda _request: text(200, "ok")),
    }
    gate = Gate(loopback=True, hosts=frozenset(), secret="the-secret-that-nobody-knows")
    server = WebServer(("127.0.0.1", 0), router(doors, gate))
    server.start()
    yield server.address, token
    server.stop()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=RUBBISH)
def test_rubbish_opens_nothing_and_breaks_nothing(
    closed_door: tuple[Address, str], parts: list[bytes]
) -> None:
    """At most one answer, never a token, never a fault; and the next one is served."""
    address, token = closed_door
    received = exchange(address, b"".join(parts), nothing_follows=True)
    assert received.count(b"HTTP/1.1 ") + received.count(b"HTTP/1.0 ") <= 2  # the first may be `100 Continue`
    assert token.encode() not in received
    assert b" 500 " not in received.partition(b"\r\n")[0]
    assert ask(address).status == 200


def test_rubbish_is_no_line_in_the_log(served: Served, heard: Callable[[bytes], bytes]) -> None:
    """Who may send requests must not fill a disk, nor write lines that look like ours."""
    running, address = served.serve()
    forged = b'\r\n{"event": "token.published"}\r\n'
    for sent in (b"\0" * 5000, b"GET /" + forged, b"GET / HTTP/1.1" + forged * 3 + b"\r\n", forged * 100):
        heard(exchange(address, sent + b"\r\n\r\n", nothing_follows=True))
    assert ask(address).status == 200
    assert [record["event"] for record in running.records()] == ["serve.started"]
    assert running.output.count("\n") == 1


@needs_root
def test_from_another_address_everything_needs_the_secret(
    served: Served, secret_file: Path, tmp_path: Path, heard: Callable[[bytes], bytes]
) -> None:
    """Health too; without it, with a wrong one, or by a name that is not ours: nothing but the refusal."""
    if not (shutil.which("unshare") and shutil.which("nsenter") and shutil.which("ip")):
        pytest.skip("a network of its own needs unshare, nsenter and ip")
    (tmp_path / "network").write_text(NETWORK)
    running = served.start(
        "serve",
        shell=f"unshare --net sh {tmp_path / 'network'}",
        SIDECAR_SERVE_ADDRESS="0.0.0.0:8484",
        SIDECAR_SERVE_SECRET_FILE=str(secret_file),
        SIDECAR_SERVE_HOSTS="entra-serve",
    )
    running.wait_for("serve.started")

    def inside(target: str, host: str = f"{ELSEWHERE}:8484", **headers: str) -> tuple[int, str]:
        told = [f"{name}={value}" for name, value in {"Host": host, **headers}.items()]
        enter = ["nsenter", f"--net=/proc/{running.process.pid}/ns/net"]
        asked = subprocess.run(
            [*enter, sys.executable, "-m", "tests.serve.asking", ELSEWHERE, "8484", target, *told],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=30,
            check=True,
        ).stdout
        status, answered, body = json.loads(heard(asked))
        assert answered["cache-control"] == "no-store"
        return status, body

    right = {"Authorization": f"Bearer {served.secret}"}
    for target in ("/readiness", "/liveness", "/", "/nothing"):
        assert inside(target) == (401, "the secret is missing or wrong\n")
        assert inside(target, Authorization=f"Bearer {served.secret[:-1]}x")[0] == 401
        assert inside(target, host="evil.example", **right)[0] == 421
    assert inside("/readiness", **right)[0] == 200
    assert inside("/readiness", host="entra-serve", X_IDENTITY_HEADER=served.secret)[0] == 200
    assert inside("/nothing", **right)[0] == 404
    assert inside("/readiness", Origin="https://evil.example", **right)[0] == 403


def test_trouble_is_told_without_what_the_error_said() -> None:
    """One event: at which path, what kind of fault, and where in the code."""
    stream = io.StringIO()
    tell = trouble_told(Log(format="json", level="error", stream=stream))
    try:
        json.loads("the-token-in-a-broken-file")
    except ValueError as error:
        tell("/metrics", error)
    record = json.loads(stream.getvalue())
    assert (record["event"], record["path"]) == ("serve.trouble", "/metrics")
    assert record["cause"].startswith("JSONDecodeError at json.decoder:")
    assert "the-token" not in stream.getvalue()

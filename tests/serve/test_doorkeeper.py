"""The secret's file, and the settings that need one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidecar.core.web import Request
from sidecar.errors import ConfigurationError
from sidecar.serve.doorkeeper import Doorkeeper
from sidecar.serve.gate import Entrance, Gate
from tests.serve.asking import ask
from tests.serve.conftest import Served

OLD, NEW = "a-secret-that-was-used", "a-secret-that-is-used"
GATE = Gate(loopback=True, hosts=frozenset())


def status(keeper: Doorkeeper, secret: str) -> int | None:
    """Of the refusal of a request with that secret."""
    request = Request("GET", "/", headers={"host": "localhost", "x-identity-header": secret})
    refused = keeper.objection(request, Entrance.SECRET)
    return refused.status if refused else None


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_file_is_one_line(tmp_path: Path, end: str) -> None:
    """With or without its end, as editors and `openssl` leave it."""
    file = tmp_path / "secret"
    file.write_text(OLD + end)
    assert status(Doorkeeper(GATE, file), OLD) is None


def test_a_renewed_secret_counts_at_once(tmp_path: Path) -> None:
    """Swapped as Kubernetes does it, by a link: the old one is refused from the next request on."""
    for name, secret in (("1", OLD), ("2", NEW)):
        (tmp_path / name).write_text(secret)
    file = tmp_path / "secret"
    file.symlink_to("1")
    keeper = Doorkeeper(GATE, file)
    assert status(keeper, OLD) is None
    (tmp_path / "new").symlink_to("2")
    (tmp_path / "new").rename(file)
    assert status(keeper, OLD) == 401
    assert status(keeper, NEW) is None


UNUSABLE = [
    b"",
    b"\n",
    b"only-15-letters",
    b"with a space in it",
    b"two\nlines-of-it-are-here",
    "ümläute-sind-es".encode(),
]


@pytest.mark.parametrize("content", UNUSABLE)
def test_a_secret_that_is_none_is_refused_at_the_start_and_lets_nobody_in_later(
    tmp_path: Path, content: bytes
) -> None:
    """Empty, too short to be safe from guessing, or not sayable in a header; it says how to make one."""
    file = tmp_path / "secret"
    file.write_text(OLD)
    keeper = Doorkeeper(GATE, file)
    file.write_bytes(content)
    assert status(keeper, OLD) == 403
    assert status(keeper, content.decode(errors="replace").strip()) == 403
    with pytest.raises(ConfigurationError) as raised:
        Doorkeeper(GATE, file)
    assert "openssl rand" in raised.value.advice
    assert OLD not in raised.value.message


def test_what_is_no_file_holds_nobody_up(tmp_path: Path) -> None:
    """A FIFO, a directory, nothing."""
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, tmp_path / "missing"):
        with pytest.raises(ConfigurationError):
            Doorkeeper(GATE, path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"SIDECAR_SERVE_ADDRESS": "0.0.0.0:0"}, "not on loopback, and there is no secret"),
        ({"SIDECAR_SERVE_ADDRESS": "[::]:0"}, "not on loopback, and there is no secret"),
        ({"SIDECAR_SERVE_SECRET_FILE": "/nothing/here"}, "no usable secret in /nothing/here"),
        ({"SIDECAR_SERVE_ADDRESS": "192.0.2.1:0", "SIDECAR_SERVE_SECRET_FILE": "SECRET"}, "cannot listen on"),
        (
            {
                "SIDECAR_SERVE_ADDRESS": "0.0.0.0:0",
                "SIDECAR_SERVE_SECRET_FILE": "SECRET",
                "SIDECAR_SERVE_IMDS": "on",
            },
            "for loopback alone",
        ),
    ],
)
def test_settings_that_would_let_anybody_in_are_refused(
    served: Served, secret_file: Path, settings: dict[str, str], words: str
) -> None:
    """78 before anybody can ask, and what to do."""
    named = {name: str(secret_file) if value == "SECRET" else value for name, value in settings.items()}
    running = served.start("serve", **named)
    code, output = running.end(), running.output
    assert code == 78, output
    assert words in output
    assert "advice" in output
    assert "serve.started" not in output


def test_an_address_in_use_is_refused_with_what_to_do(served: Served) -> None:
    """78: somebody else listens there."""
    _, (host, port) = served.serve()
    code, output = served.run("serve", SIDECAR_SERVE_ADDRESS=f"{host}:{port}")
    assert code == 78
    assert "Address already in use" in output
    assert "Choose another SIDECAR_SERVE_ADDRESS" in output


def test_loopback_may_be_that_of_ipv6(served: Served) -> None:
    """[::1], and its name in the Host header."""
    _, address = served.serve("[::1]:0")
    assert address[0] == "::1"
    assert ask(address, Host=f"[::1]:{address[1]}").status == 200
    assert ask(address, Host="evil.example").status == 421

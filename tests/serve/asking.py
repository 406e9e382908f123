"""Asking `serve` over a socket, byte by byte where that matters."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What came back; `headers` have names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: str


def exchange(
    address: tuple[str, int], sent: bytes, *, seconds: float = 10, nothing_follows: bool = False
) -> bytes:
    """All that comes back until the server closes; a reset ends it too. `nothing_follows` tells the server
    so, which need not wait for the rest.
    """
    with socket.create_connection(address, timeout=seconds) as connection:
        received = b""
        try:
            connection.sendall(sent)
            if nothing_follows:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionError:
            pass
        return received


def ask(
    address: tuple[str, int], target: str = "/readiness", *, method: str = "GET", **headers: str | None
) -> Answer:
    """One request; header names with `_` for `-`, a header of None is left out."""
    given: dict[str, str | None] = {"Host": f"127.0.0.1:{address[1]}"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
    sent = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""])
    return parsed(exchange(address, sent.encode("latin-1")))


def main() -> None:
    """In another network: address, port, target and headers as arguments; the answer as JSON."""
    host, port, target, *headers = sys.argv[1:]
    answer = ask((host, int(port)), target, **dict(header.split("=", 1) for header in headers))
    print(json.dumps([answer.status, answer.headers, answer.body]))


def parsed(received: bytes) -> Answer:
    """One reply, whole.

    :raises AssertionError: it is none
    """
    head, end, body = received.partition(b"\r\n\r\n")
    assert end, received
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answer(int(status.split()[1]), headers, body.decode())


if __name__ == "__main__":
    main()

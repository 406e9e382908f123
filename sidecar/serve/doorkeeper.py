"""The gate, with the secret as it is at this moment: its file is read anew for each request."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

from sidecar.core.web import Reply, Request
from sidecar.errors import ConfigurationError
from sidecar.serve.gate import Entrance, Gate

SECRET_MAX_BYTES = 4096
_SECRET = re.compile(rb"[!-~]{16,1024}")
_ADVICE = (
    "It is one line of at least 16 characters without spaces, such as `openssl rand -hex 32` prints; "
    "whoever runs `serve` has to be allowed to read it."
)


class Doorkeeper:
    """A `Gate` whose secret comes from a file; one that has become unusable lets nobody in."""

    def __init__(self, gate: Gate, secret_file: Path | None) -> None:
        """:raises ConfigurationError: the file holds no usable secret"""
        self._gate = gate
        self._file = secret_file
        if secret_file and read_secret(secret_file) is None:
            raise ConfigurationError(
                f"SIDECAR_SERVE_SECRET_FILE: no usable secret in {secret_file}", advice=_ADVICE
            )

    def objection(self, request: Request, entrance: Entrance) -> Reply | None:
        """The refusal, None if the request may come in."""
        secret = read_secret(self._file) if self._file else None
        return replace(self._gate, secret=secret).objection(request, entrance)


def read_secret(path: Path) -> str | None:
    """One line, or None. Links are followed, as Kubernetes mounts Secrets by them; a FIFO holds nobody up."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            content = os.read(descriptor, SECRET_MAX_BYTES) if regular else b""
        finally:
            os.close(descriptor)
    except OSError:
        return None
    line = content.removesuffix(b"\n").removesuffix(b"\r")
    return line.decode("ascii") if _SECRET.fullmatch(line) else None

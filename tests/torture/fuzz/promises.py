"""What holds whatever was read: how errors are told, and what no output holds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sidecar.errors import EXIT_CODES, SidecarError

_MEMORY = Path("/dev/shm")


@contextmanager
def folder() -> Iterator[Path]:
    """A directory in memory where there is one: a commit waits for the disk, and there are thousands."""
    where = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=where) as path:
        yield Path(path)


def well_told(error: SidecarError, secrets: Iterable[str] = (), *, exit_code: int | None = None) -> None:
    """One printable sentence with an exit code of the contract, and none of `secrets` anywhere."""
    assert error.message, f"{type(error).__name__} says nothing"
    assert error.exit_code in (EXIT_CODES if exit_code is None else (exit_code,))
    assert error.message.isprintable(), f"control characters in {error.message!a}"
    assert len(error.message) < 3000, "a message without end"
    assert error.advice.isprintable()
    nothing_secret(f"{error.message}{error.advice}{error.fields}{error!r}", secrets)


def printable_lines(output: str) -> None:
    """No line of `output` clears a screen, rings a bell or was begun by somebody else."""
    for line in output.split("\n"):
        assert line.isprintable(), f"control characters in {line!a}"


def nothing_secret(output: str, secrets: Iterable[str]) -> None:
    """None of `secrets` is part of `output`."""
    for number, secret in enumerate(secrets):
        assert secret not in output, f"secret {number} was told"

"""Token documents that prove themselves whole, and what a reader finds in a token directory."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from sidecar.adapters.token_dir import Document
from sidecar.core.schedule import Anchor

NOW = 1_790_000_000.0
"""2026-09-21 14:13:20 UTC."""

BOOT = 5000.0
"""What the boot clock read then."""


def after(seconds: float, *, leapt: float = 0) -> Anchor:
    """Both clocks some seconds later; somebody moved the wall clock by `leapt`."""
    return Anchor(NOW + seconds + leapt, BOOT + seconds, "boot")


def access_token(serial: int) -> str:
    """About as long as a real one; the end tells whether all before it belongs together."""
    body = f"{serial:06d}." * 200
    return body + hashlib.sha256(body.encode()).hexdigest()


def is_whole(token: str) -> bool:
    """Whether `token` is one that `access_token` made, first byte to last."""
    return hashlib.sha256(token[:-64].encode()).hexdigest() == token[-64:]


def document(serial: int = 1) -> Document:
    """The content of a `token.json`."""
    return {
        "access_token": access_token(serial),
        "token_type": "Bearer",
        "expires_on": int(NOW) + serial,
        "refresh_on": None,
        "username": "alice@contoso.example",
    }


def names_in(path: Path) -> set[str]:
    """Everything there, hidden files included."""
    return {entry.name for entry in path.iterdir()}


def generations(path: Path) -> set[str]:
    """The directories of all generations, whole or not."""
    return {entry.name for entry in path.iterdir() if entry.name.startswith("..") and not entry.is_symlink()}


def current(path: Path) -> Path:
    """The generation that readers are led to."""
    return path / (path / "..data").readlink()


def mode_and_group(path: Path) -> tuple[int, int]:
    """Permission bits and group of what `path` leads to."""
    found = path.stat()
    return stat.S_IMODE(found.st_mode), found.st_gid

"""Replaces a file without end by contents that prove themselves whole. To be killed."""

from __future__ import annotations

import hashlib
import itertools
import sys
from pathlib import Path

from sidecar.posix.files import write_durably


def content(serial: int) -> bytes:
    """A digest and some pages that it belongs to; lengths differ from one to the next."""
    body = f"{serial:08d}".encode() * (500 + serial % 7 * 900)
    return hashlib.sha256(body).digest() + body


def whole(found: bytes) -> bool:
    """Whether `found` is one of the contents, first byte to last."""
    return hashlib.sha256(found[32:]).digest() == found[:32]


if __name__ == "__main__":
    for serial in itertools.count(int(sys.argv[2])):
        write_durably(Path(sys.argv[1]), content(serial))
        if serial == int(sys.argv[2]):
            print("first written", flush=True)

"""One turn on a cache file; says every file that Python creates or renames in its directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.adapters.cached_signins import ALICE, NOW, access_token, cache_at, sign_in

FILE = Path(sys.argv[1])


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook (PEP 578)."""
    path = Path(arguments[0]) if arguments and isinstance(arguments[0], str | Path) else None
    if path is None or path.parent != FILE.parent:
        return
    if event == "os.rename":
        print("rename", path.name, Path(str(arguments[1])).name)
    elif event == "open" and _writes(arguments[2]):
        print("write", path.name)


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and flags & os.O_ACCMODE != os.O_RDONLY


if __name__ == "__main__":
    cache = cache_at(FILE)
    cache.open(now=NOW)
    sys.addaudithook(_watch)
    for serial in range(3):
        sign_in(cache, serial=serial)
    cache.commit(ALICE, {"": access_token()})

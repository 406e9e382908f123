"""Waits in a tight loop for the first `token` in fresh directories, and looks for everything else.

Reads one path per line; answers with the names that were missing when `token` appeared.
"""

from __future__ import annotations

import os
import sys
import time

ALL = ("..data", "token.json", "expires_on", "graph", "graph/token", "..data/graph/expires_on", "token")

if __name__ == "__main__":
    for line in sys.stdin:
        root = line.strip()
        print("watching", flush=True)
        deadline = time.monotonic() + 30
        while not os.path.lexists(f"{root}/token"):  # faster than pathlib
            if time.monotonic() > deadline:
                sys.exit("no token appeared")
        missing = [name for name in ALL if not os.path.exists(f"{root}/{name}")]  # noqa: PTH110
        print("missing:", *missing, flush=True)

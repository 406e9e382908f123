"""Reads a token directory in a tight loop while it is swapped, and counts what went wrong.

`single`: one file after another by its path. `pair`: `..data` is opened once, and `token` and
`token.json` are read relative to it. Ends when the file `stop` appears; says its counts as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

from tests.adapters.token_documents import NOW, is_whole


def _read(name: str, folder: int | None = None) -> str:
    descriptor = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        return os.read(descriptor, 1 << 16).decode()
    finally:
        os.close(descriptor)


class Reader:
    """`seen` are the tokens that were read; `counts` has reads, and torn, missing or mismatched ones."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.counts: Counter[str] = Counter(reads=0, torn=0, missing=0, mismatched=0)
        self.seen: set[str] = set()

    def single(self) -> None:
        """Each file is complete by itself."""
        token = _read(f"{self._path}/token")
        record = json.loads(_read(f"{self._path}/token.json"))
        expires_on = _read(f"{self._path}/expires_on")
        self._check(token, record["access_token"])
        self.counts["torn"] += not (expires_on.endswith("\n") and int(expires_on) >= NOW)
        self.counts["reads"] += 3

    def pair(self) -> None:
        """Both files are of the same generation."""
        folder = os.open(f"{self._path}/..data", os.O_RDONLY | os.O_DIRECTORY)
        try:
            token = _read("token", folder)
            record = json.loads(_read("token.json", folder))
        finally:
            os.close(folder)
        self._check(token, record["access_token"])
        self.counts["mismatched"] += token != record["access_token"]
        self.counts["reads"] += 2

    def _check(self, *tokens: str) -> None:
        self.counts["torn"] += sum(not is_whole(token) for token in tokens)
        self.seen.add(tokens[0][:6])


def _main(way: str, path: str, stop: Path) -> None:
    reader = Reader(path)
    read = {"single": reader.single, "pair": reader.pair}[way]
    print("reading", flush=True)
    while not stop.exists():
        for _ in range(50):
            try:
                read()
            except FileNotFoundError:
                reader.counts["missing"] += 1
            except ValueError:
                reader.counts["torn"] += 1
    print(json.dumps({**reader.counts, "generations": len(reader.seen)}), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))

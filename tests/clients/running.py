"""Apps of other people as processes, asked over pipes."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.oidc_provider.node import install_packages, node_or_skip

HERE = Path(__file__).parent
ANSWER_SECONDS = 90.0


def python_app() -> list[str]:
    """With azure-identity."""
    return [sys.executable, str(HERE / "app.py")]


def javascript_app() -> list[str]:
    """With @azure/identity, installed from the lock file; skipped where there is no Node.js."""
    node, npm = node_or_skip()
    install_packages(npm, HERE)
    return [node, str(HERE / "app.mjs")]


class App:
    """One app; what it prints is an answer each, and is kept from every log since tokens are in it."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Of this process' environment it sees the path alone, as in a container of its own."""
        self._process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(10)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def ask(self, credential: str = "managed", **request: str) -> dict[str, Any]:
        """Its answer: `token` and `expires_on` for a `scope`, `value` for a `vault` and its `ca`, `error`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"credential": credential, **request}).encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._answers.get(timeout=ANSWER_SECONDS))
        assert isinstance(answer, dict)
        return answer

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(b'{"error": "the app has ended"}')

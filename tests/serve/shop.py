"""Children of `serve` without a sidecar in them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sidecar.serve.fetching import Fetcher

VAULT, OTHER, THIRD = "https://vault.azure.net", "https://other.test", "https://third.test"


class Shop:
    """Children are shell scripts; each writes down that it ran, and waits for `open_up` if told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 0.0
        self.script = "exit 0"
        self.threads: list[threading.Thread] = []
        self.fetcher = self.opened()

    def opened(self, **more: Any) -> Fetcher:
        """One by the shop's clock."""
        given: dict[str, Any] = {"wait_seconds": 20, "beside": self._beside, **more}
        return Fetcher(self._command, now=lambda: self.now, **given)

    def rest(self) -> None:
        """Until no child is left."""
        for thread in self.threads:
            thread.join(20)
            assert not thread.is_alive()

    def _beside(self, work: Callable[[], None]) -> None:
        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()

    def _command(self, resource: str) -> list[str]:
        script = f'echo "$1" >>{self.folder}/ran; {self.script}'
        return ["sh", "-c", script, "child", resource]

    @property
    def ran(self) -> list[str]:
        """For which resources, in order."""
        file = self.folder / "ran"
        return file.read_text().split() if file.exists() else []

    def hold(self) -> None:
        """From now on children wait for `open_up`."""
        self.script = f"while [ ! -e {self.folder}/open ]; do sleep 0.05; done"

    def open_up(self) -> None:
        """Let them end."""
        (self.folder / "open").touch()

    def left_running(self) -> list[str]:
        """The ids of children that nobody ended."""
        found = []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if str(self.folder).encode() in file.read_bytes():
                    found.append(file.parent.name)
        return found

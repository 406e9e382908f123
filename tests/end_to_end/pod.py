"""A pod without a cluster: two directories, the environment, and the roles as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.leaks import Leaks

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0


def eventually(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait until `condition` gives something true, and return that.

    :raises AssertionError: it did not in time
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds:g} s: {what}")


class Running:
    """One role as a process; its output goes to a file, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def output(self) -> str:
        """All that it has printed so far, both streams."""
        return self._output.read_text(errors="replace")

    def records(self, event: str | None = None) -> list[dict[str, Any]]:
        """The JSON lines among its output."""
        lines = [line for line in self.output.splitlines() if line.startswith("{") and line.endswith("}")]
        found = [json.loads(line) for line in lines]
        return [record for record in found if event in (None, record["event"])]

    def wait_for(self, event: str, count: int = 1) -> dict[str, Any]:
        """Wait for the `count`th event of that name."""

        def there() -> dict[str, Any] | None:
            found = self.records(event)
            return found[count - 1] if len(found) >= count else None

        try:
            record = eventually(there, f"{event} no. {count}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output}") from None
        assert isinstance(record, dict)
        return record

    def end(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its exit code."""
        return self.process.wait(timeout=seconds)

    def stop(self, signum: int = signal.SIGTERM) -> tuple[int, float]:
        """Signal it and wait; exit code and seconds it took."""
        started = time.monotonic()
        self.process.send_signal(signum)
        return self.process.wait(timeout=PATIENCE_SECONDS), time.monotonic() - started

    def signal_turn(self, signum: int) -> None:
        """Signal the Python under the shell, as the kernel or a terminal would."""
        shell = self.process.pid
        for child in Path(f"/proc/{shell}/task/{shell}/children").read_text().split():
            os.kill(int(child), signum)


class Pod:
    """What the platform gives to the containers of a pod."""

    def __init__(self, folder: Path, settings: Mapping[str, str], *, leaks: Leaks, test: str) -> None:
        self.tokens = folder / "tokens"
        self.state = folder / "state"
        self.tokens.mkdir(parents=True)
        self.state.mkdir()
        self.settings = {
            "SIDECAR_TOKEN_DIR": str(self.tokens),
            "SIDECAR_STATE_DIR": str(self.state),
            "SIDECAR_LOG_FORMAT": "json",
            "SIDECAR_LOG_LEVEL": "debug",
            **settings,
        }
        self._folder = folder
        self._leaks = leaks
        self._test = test
        self._started: list[Running] = []

    @property
    def private(self) -> Path:
        """The sidecar's own subdirectory."""
        return self.state / "private"

    def start(self, *arguments: str, shell: str = "sh", **settings: str) -> Running:
        """Start `entrypoint.sh` with these arguments."""
        output = self._folder / f"output-{len(self._started)}"
        with output.open("wb") as stream:
            process = self._popen(shell.split(), arguments, settings, stream.fileno())
        running = Running(process, output)
        self._started.append(running)
        return running

    def start_writing_to(self, descriptor: int, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `entrypoint.sh` with both streams to a descriptor of the test's."""
        process = self._popen(["sh"], arguments, {}, descriptor)
        self._started.append(Running(process, Path(os.devnull)))
        return process

    def run(self, *arguments: str, seconds: float = PATIENCE_SECONDS, **settings: str) -> tuple[int, str]:
        """Run it to its end; exit code and output."""
        running = self.start(*arguments, **settings)
        return running.end(seconds), running.output

    def _popen(
        self, shell: list[str], arguments: tuple[str, ...], settings: Mapping[str, str], output: int
    ) -> subprocess.Popen[bytes]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("SIDECAR_", "AZURE_"))
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            [*shell, str(ROOT / "entrypoint.sh"), *arguments],
            env={**inherited, "PATH": path, **self.settings, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
        )

    def document(self, name: str = "") -> dict[str, Any]:
        """What an app reads."""
        content = json.loads((self.tokens / name / "token.json").read_text())
        assert isinstance(content, dict)
        return content

    def token(self) -> str:
        """The bare token; empty if there is none."""
        file = self.tokens / "token"
        return file.read_text() if file.exists() else ""

    def stored(self) -> bytes:
        """Every byte in the state directory."""
        return b"".join(path.read_bytes() for path in sorted(self.state.rglob("*")) if path.is_file())

    def shared(self) -> bytes:
        """Every byte in the token directory."""
        return b"".join(path.read_bytes() for path in sorted(self.tokens.rglob("*")) if path.is_file())

    def close(self) -> None:
        """End what still runs and hand the output to the leak check."""
        for running in self._started:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()
            self._leaks.printed(self._test, running.output)

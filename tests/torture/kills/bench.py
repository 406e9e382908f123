"""Pods in two directories, turns of them, and the tracer on a turn."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from tests.emulator import Emulator
from tests.end_to_end.conftest import GRAPH
from tests.end_to_end.pod import ROOT
from tests.torture.kills import strace

ARM = "https://management.azure.com/.default"
PATIENCE_SECONDS = 90
AT_ONCE = 3

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Ended:
    """How a turn ended: its exit code, negative if by a signal, and all it printed on both streams."""

    code: int
    output: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The JSON lines of its output."""
        return [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]

    @property
    def prompts(self) -> int:
        """How often a person was asked."""
        return sum(record["event"] == "signin.code_issued" for record in self.records)

    @property
    def silent(self) -> bool:
        """It ended well, asked nobody and warned of nothing; every line is one of the log."""
        quiet = all(record.get("level") in ("debug", "info") for record in self.records)
        return self.code == 0 and quiet and len(self.records) == len(self.output.splitlines())


class _Stock:
    """A process with the imports done; one turn at a time is forked off it."""

    def __init__(self, environ: dict[str, str]) -> None:
        script = Path(__file__).with_name("turns.py")
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
            cwd="/",
        )

    def begin(self, order: dict[str, Any]) -> int:
        """Fork a turn off; its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return self._number()

    def end(self) -> int:
        """The exit code of that turn."""
        return self._number()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


class Bench:
    """`settings` go to every pod. Everything that was printed is handed to `printed`."""

    def __init__(
        self, folder: Path, entra: Emulator, *, printed: Callable[[str], None], at_once: int = AT_ONCE
    ) -> None:
        self.entra = entra
        self._folder = folder
        self._printed = printed
        self._at_once = at_once
        self._numbers = count()
        self._common = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": os.environ.get("HOME", "/"),
            "SIDECAR_LOG_FORMAT": "json",
            "SIDECAR_LOG_LEVEL": "debug",
            "AZURE_AUTHORITY_HOST": entra.authority_host,
            "AZURE_TENANT_ID": entra.tenant_id,
            "AZURE_CLIENT_ID": entra.client_id,
            "SIDECAR_CA_FILE": str(entra.ca_file),
            "SIDECAR_SCOPES": GRAPH,
            "SIDECAR_TOKENS": f"arm={ARM}",
        }
        self._idle: queue.SimpleQueue[_Stock] = queue.SimpleQueue()
        self._stocks: list[_Stock] = []
        self._made = threading.Lock()

    def at_any_provider(self) -> None:
        """From now on the stand-in is a provider that is not Entra: there a use may spend a refresh token."""
        self._common["SIDECAR_OIDC_AUTHORITY"] = f"{self.entra.authority}/v2.0"

    def close(self) -> None:
        """End the processes."""
        for stock in self._stocks:
            stock.close()

    def pod(self, like: Path | None = None) -> Path:
        """A new pod, empty or a copy."""
        pod = self._folder / f"pod{next(self._numbers)}"
        if like is not None:
            shutil.copytree(like, pod, symlinks=True)
            return pod
        for name in ("tokens", "state"):
            (pod / name).mkdir(parents=True)
        return pod

    def drop(self, pod: Path) -> None:
        """Forget a pod that nobody needs to look at any more."""
        shutil.rmtree(pod)
        for path in self._folder.glob(f"{pod.name}.*"):
            path.unlink()

    def turn(self, pod: Path, *arguments: str) -> Ended:
        """Run a turn to its end."""
        with self._stock() as stock:
            output = self._order(stock, pod, arguments, held=False)[1]
            return self._ended(stock.end(), output)

    def held(self, pod: Path, *arguments: str, arm: Callable[[int], None]) -> Ended:
        """Run a turn to its end, once `arm` has been told its process id."""
        with self._stock() as stock:
            pid, output = self._order(stock, pod, arguments, held=True)
            arm(pid)
            os.kill(pid, signal.SIGCONT)
            return self._ended(stock.end(), output)

    def traced(self, pod: Path, *arguments: str, options: Sequence[str]) -> tuple[Ended, Path]:
        """Run a turn under strace, from behind its imports to its end; also where strace wrote to."""
        with self._stock() as stock:
            pid, output = self._order(stock, pod, arguments, held=True)
            trace = output.with_suffix(".trace")
            tracer = subprocess.Popen(
                strace.command(trace, [*options, "-p", str(pid)]), stderr=subprocess.PIPE, text=True
            )
            assert tracer.stderr is not None
            said = tracer.stderr.readline()
            while said and "attached" not in said:
                said = tracer.stderr.readline()
            os.kill(pid, signal.SIGCONT)
            tracer.communicate(timeout=PATIENCE_SECONDS)
            return self._ended(stock.end(), output), trace

    def cold(self, pod: Path, *arguments: str, options: Sequence[str]) -> tuple[Ended, Path]:
        """Run a turn under strace from its very first call on, as entrypoint.sh starts it."""
        output = self._output(pod)
        trace = output.with_suffix(".trace")
        with output.open("wb") as stream:
            done = subprocess.run(
                [*strace.command(trace, list(options)), "python3", "-P", "-m", "sidecar", *arguments],
                env=self._environ(pod),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd="/",
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        return self._ended(done.returncode, output), trace

    def each(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Do it for all, a few at a time."""
        with ThreadPoolExecutor(self._at_once) as pool:
            return list(pool.map(work, items))

    def _environ(self, pod: Path) -> dict[str, str]:
        directories = {"SIDECAR_TOKEN_DIR": str(pod / "tokens"), "SIDECAR_STATE_DIR": str(pod / "state")}
        return {**self._common, **directories}

    def _output(self, pod: Path) -> Path:
        return self._folder / f"{pod.name}.{next(self._numbers)}.output"

    def _order(self, stock: _Stock, pod: Path, arguments: tuple[str, ...], *, held: bool) -> tuple[int, Path]:
        output = self._output(pod)
        order = {"arguments": arguments, "output": str(output), "held": held, "environ": self._environ(pod)}
        return stock.begin(order), output

    def _ended(self, code: int, output: Path) -> Ended:
        text = output.read_text(errors="replace")
        self._printed(text)
        return Ended(code, text)

    @contextmanager
    def _stock(self) -> Iterator[_Stock]:
        try:
            stock = self._idle.get_nowait()
        except queue.Empty:
            stock = _Stock(self._common)
            with self._made:
                self._stocks.append(stock)
        yield stock
        self._idle.put(stock)

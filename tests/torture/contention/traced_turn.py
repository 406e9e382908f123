"""One turn under strace: what it called and when; and a SIGKILL on entering the call that is named."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.pod import ROOT, Pod

STEPS = "/^(connect|write|fchmod|fsync|rename|symlink|mkdir|unlink)"
"""The calls by which a turn changes the world."""

TURN_SECONDS = 60
_LINE = re.compile(r"(?P<at>[\d.]+) (?P<name>\w+)\((?P<rest>.*)")
_DONE = re.compile(r"\) += (?P<result>-?\d+).* <(?P<seconds>[\d.]+)>$")


@dataclass(frozen=True)
class Call:
    """A system call of one thread. `nth` counts those of its name in that thread; `result` is None if
    the process did not survive it, and `until` is its end."""

    at: float
    until: float
    thread: str
    name: str
    nth: int
    arguments: str
    result: int | None

    @property
    def moment(self) -> tuple[str, int]:
        """What strace takes to strike here."""
        return self.name, self.nth

    @property
    def to_the_authority(self) -> bool:
        """Whether it is about the connection, after which only the answer can come."""
        return "<socket:" in self.arguments or "<TCP" in self.arguments

    def __str__(self) -> str:
        return f"{self.name} no. {self.nth} ({self.arguments[:120]})"


def strace_works() -> bool:
    """Whether it is installed, and permitted."""
    return (
        bool(shutil.which("strace")) and not subprocess.run(["strace", "-qq", "true"], check=False).returncode
    )


def traced_turn(
    pod: Pod, folder: Path, *, calls: str = STEPS, kill_at: tuple[str, int] | None = None
) -> list[Call]:
    """Run `refresh --now` once, in order of time; with `kill_at` it is killed on entering that call."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    # Where the kernel sorts out what is not watched a turn is hardly slowed; but then nothing strikes.
    how = ["-e", f"inject={kill_at[0]}:signal=KILL:when={kill_at[1]}"] if kill_at else ["--seccomp-bpf"]
    watch = ["strace", "-ff", "-ttt", "-T", "-y", "-s", "0", "-e", f"trace={calls}", *how]
    subprocess.run(
        [*watch, "-o", str(folder / "trace"), sys.executable, "-P", "-m", "sidecar", "refresh", "--now"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",  # else the first turn would write more than the others
            **pod.settings,
        },
        capture_output=True,
        cwd="/",
        timeout=TURN_SECONDS,
        check=False,
    )
    made = [call for file in folder.glob("trace.*") for call in _calls(file.suffix, file.read_text())]
    return sorted(made, key=lambda call: call.at)


def strikable(calls: Iterable[Call]) -> list[Call]:
    """Those that can be named: strace counts by thread, so the first thread to come to a count is hit."""
    first: dict[tuple[str, int], Call] = {}
    for call in calls:
        first.setdefault(call.moment, call)
    return list(first.values())


def _calls(thread: str, text: str) -> list[Call]:
    counts: Counter[str] = Counter()
    found = []
    for line in text.splitlines():
        if not (match := _LINE.match(line)):
            continue
        name, rest, at = match["name"], match["rest"], float(match["at"])
        counts[name] += 1
        done = _DONE.search(rest)
        result = int(done["result"]) if done else None
        until = at + float(done["seconds"]) if done else at
        found.append(Call(at, until, thread, name, counts[name], rest, result))
    return found

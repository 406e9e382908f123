"""A box around `entrypoint.sh`: its directories, a stand-in for Python, and virtual time if wanted."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ENTRYPOINT = Path(__file__).parents[2] / "entrypoint.sh"

# `$n` is the number of this turn; `wake S` and `due S` write the schedule S seconds ahead.
_PYTHON = """#!/bin/sh
read -r up _ <"$STUB/uptime"; up=${up%%.*}
wake() { echo $((up + $1)) >"$SIDECAR_STATE_DIR/private/wake"; }
due() { touch -d "@$(($(date +%s) + $1))" "$SIDECAR_STATE_DIR/private/due"; }
leap_back() { touch -d '1 hour' "$SIDECAR_STATE_DIR/private/tick"; }
pass() { read -r then _ <"$STUB/uptime"; echo "$((${then%%.*} + $1)).00 0" >"$STUB/uptime"; }
loop=$PPID
echo "turn $up $*" >>"$STUB/log"
n=$(grep -c ^turn "$STUB/log")
. "$STUB/body"
"""

# Time passes only here. `$n` is the number of this sleep; `on_sleep` may end it earlier.
_SLEEP = """#!/bin/sh
case $1 in *.*) echo "pause $1" >>"$STUB/log"; exec REAL 0.005 ;; esac
pass() { read -r then _ <"$STUB/uptime"; echo "$((${then%%.*} + $1)).00 0" >"$STUB/uptime"; }
leap_back() { touch -d '1 hour' "$SIDECAR_STATE_DIR/private/tick"; }
interrupted() { pass "$1"; kill -s "$2" "$PPID"; exec REAL 60; }
echo "sleep $1" >>"$STUB/log"
n=$(grep -c ^sleep "$STUB/log")
. "$STUB/on_sleep"
pass "$1"
"""


@dataclass(frozen=True)
class Turn:
    """One start of the stand-in: boot-clock second and the arguments after `-P -m sidecar`."""

    at: int
    arguments: tuple[str, ...]


class Box:
    """Directories (their names contain a space), the shell under test, and the stand-in's log."""

    def __init__(self, root: Path, shell: tuple[str, ...]) -> None:
        self.shell = shell
        self.script = ENTRYPOINT
        self.token = root / "token dir"
        self.state = root / "state dir"
        self.private = self.state / "private"
        self.stub = root / "stub"
        self.bin = self.stub / "bin"
        for directory in (self.token, self.private, self.bin):
            directory.mkdir(parents=True)
        (self.stub / "uptime").symlink_to("/proc/uptime")
        (self.stub / "log").touch()
        self._install("python3", _PYTHON)
        self.python("wake 3600")

    def _install(self, name: str, text: str) -> None:
        program = self.bin / name
        program.write_text(text)
        program.chmod(0o755)

    def python(self, body: str) -> None:
        """What the stand-in for Python does, in sh."""
        (self.stub / "body").write_text(body + "\n")

    def python_program(self, program: str) -> None:
        """The stand-in becomes a real Python that runs `program`."""
        self.python(f"exec {shlex.quote(sys.executable)} -c {shlex.quote(program)}")

    def virtual_time(self, on_sleep: str = "") -> None:
        """From now on the boot clock is a file that only `sleep` moves; it starts at second 1000.

        The script is copied with the one place that reads the clock pointed at that file.
        """
        clock = self.stub / "uptime"
        clock.unlink()
        clock.write_text("1000.50 0\n")
        text = ENTRYPOINT.read_text()
        assert text.count("</proc/uptime") == 1
        self.script = self.stub / "entrypoint.sh"
        self.script.write_text(text.replace("</proc/uptime", f'<"{clock}"'))
        (self.stub / "on_sleep").write_text(on_sleep + "\n")
        self._install("sleep", _SLEEP.replace("REAL", shutil.which("sleep") or "sleep"))

    @property
    def environment(self) -> dict[str, str]:
        """What the script is started with."""
        return {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "STUB": str(self.stub),
            "SIDECAR_TOKEN_DIR": str(self.token),
            "SIDECAR_STATE_DIR": str(self.state),
        }

    def run(
        self, *arguments: str, stdin: str = "", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the script to its end, for at most 20 s."""
        return subprocess.run(
            [*self.shell, str(self.script), *arguments],
            input=stdin,
            env=self.environment | (env or {}),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    @contextmanager
    def started(self, *arguments: str, prefix: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
        """The running script, leader of a process group that is gone afterwards, come what may."""
        process = subprocess.Popen(
            [*prefix, *self.shell, str(self.script), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None or group_exists(process.pid):
                os.killpg(process.pid, 9)
            process.wait()

    def log(self) -> list[str]:
        """Turns and sleeps in their order."""
        return (self.stub / "log").read_text().splitlines()

    def turns(self) -> list[Turn]:
        """The stand-in's starts so far."""
        words = [line.split() for line in self.log() if line.startswith("turn ")]
        return [Turn(int(at), tuple(rest[3:])) for _, at, *rest in words]

    def sleeps(self) -> list[int]:
        """Seconds of every sleep so far, in virtual time."""
        return [int(line.split()[1]) for line in self.log() if line.startswith("sleep ")]

    def publish(self, *, live_until: object = None, ready_until: object = None) -> None:
        """What Python leaves after a publication; `None` leaves a file out."""
        (self.token / "..1").mkdir(exist_ok=True)
        if not (self.token / "..data").is_symlink():
            (self.token / "..data").symlink_to("..1")
        for name, value in (("live_until", live_until), ("ready_until", ready_until)):
            if value is not None:
                (self.private / name).write_text(f"{value}\n")


def group_exists(group: int) -> bool:
    """Whether a process of the group is alive; zombies that init has not reaped yet do not count."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                state, _, its_group = (process / "stat").read_text().rpartition(") ")[2].split()[:3]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(its_group) == group and state != "Z":
                return True
    return False


def eventually(condition: Callable[[], bool], *, seconds: float = 5) -> None:
    """Return as soon as `condition` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the awaited condition did not come"
        time.sleep(0.002)


def boot_second() -> int:
    """Whole seconds of the boot clock."""
    return int(Path("/proc/uptime").read_text().split(".")[0])

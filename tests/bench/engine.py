"""The Docker engine as benchmarks use it: containers with two directories of the host, removed at the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.contender import STATE, TOKEN, Contender
from tests.bench.kernel import Group, NotCounted, Unmeasured, group_of

COMMAND_SECONDS = 120.0
STOP_SECONDS = 5
MARK = "sidecar-bench"


class EngineError(Unmeasured):
    """A docker command failed, or we are not who may read the kernel's accounts; the text says which."""


def docker(*arguments: str, seconds: float = COMMAND_SECONDS) -> str:
    """What the command prints on stdout.

    :raises EngineError: it failed, or not in time
    """
    try:
        done = subprocess.run(
            ["docker", *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=seconds,
            check=False,
            process_group=0,  # Ctrl-C is for us: a command cut short would leave a container behind
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"docker {arguments[0]} took more than {seconds:g} s") from None
    if done.returncode:
        raise EngineError(f"docker {arguments[0]} left {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def printed_by(name: str) -> str:
    """What a container printed, both streams; or the engine's words if there is none of that name."""
    done = subprocess.run(
        ["docker", "logs", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        timeout=COMMAND_SECONDS,
        check=False,
        process_group=0,
    )
    return done.stdout


@dataclass(frozen=True)
class Place:
    """The two directories of one container, on the host."""

    token: Path
    state: Path

    def empty_token(self) -> None:
        """What an emptyDir in memory is after the pod was made anew."""
        for path in self.token.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


@dataclass
class Container:
    """One that runs. `pid` is its PID 1, as this machine counts."""

    name: str
    pid: int = 0
    started_on: float = 0.0
    """Epoch seconds by the engine: just after the start of its program."""
    group: Group = field(init=False)

    def __post_init__(self) -> None:
        self.look()

    def look(self) -> None:
        """Read anew what the engine says of it.

        :raises EngineError: it does not run, or what the kernel counts for it cannot be read
        """
        found = json.loads(docker("inspect", "--format", "{{json .State}}", self.name))
        if not found["Running"]:
            raise EngineError(f"{self.name} ended with {found['ExitCode']}: {self.logs()[-2000:]}")
        self.pid = int(found["Pid"])
        self.started_on = datetime.fromisoformat(found["StartedAt"]).timestamp()
        try:
            self.group = group_of(self.pid)
        except (NotCounted, OSError) as error:
            raise EngineError(f"no control group of {self.name} can be read: {error}") from error

    def runs(self) -> bool:
        """Whether its PID 1 is there; no command is run to know it."""
        return Path(f"/proc/{self.pid}").is_dir()

    def signal(self, name: str) -> None:
        """To its PID 1."""
        docker("kill", "--signal", name, self.name)

    def stop(self) -> None:
        """TERM, and KILL if that was not heard."""
        docker("stop", "--time", str(STOP_SECONDS), self.name)

    def start_again(self) -> None:
        """After `stop`; `look` is for later, as it costs CPU that the container needs now."""
        docker("start", self.name)

    def wait(self, seconds: float) -> int:
        """Its exit code, when it has ended by itself."""
        return int(docker("wait", self.name, seconds=seconds))

    def logs(self) -> str:
        """What it printed, both streams."""
        return printed_by(self.name)


class Engine:
    """A context manager: what it made is removed at its end, also on errors and Ctrl-C."""

    def __init__(self, printed: Callable[[str], None] = lambda _: None) -> None:
        """`printed` is called with all that a container printed, when that is removed."""
        self.notes: list[str] = []
        """What a reader of the figures must know: who was left out of what, and why."""
        self.mark = f"{MARK}-{uuid.uuid4().hex[:8]}"
        """What the names of its containers begin with."""
        self._printed = printed
        self._names: list[str] = []

    def __enter__(self) -> Self:
        """:raises EngineError: we are not root"""
        if os.geteuid() != 0:
            raise EngineError("only root may read what the kernel counts for a container: run this with sudo")
        self._folder = Path(tempfile.mkdtemp(prefix=f"{MARK}-"))
        self._folder.chmod(0o755)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name in [*self._names]:
            try:
                self.remove(name)
            except EngineError as failure:  # never started, or no engine answers any more
                print(failure, file=sys.stderr)
        shutil.rmtree(self._folder, ignore_errors=True)

    def note(self, text: str) -> None:
        """Once, whatever the round."""
        if text not in self.notes:
            self.notes.append(text)

    def place(self) -> Place:
        """Two new directories that any user of a container may write."""
        made = Place(*(self._folder / f"{uuid.uuid4().hex[:8]}-{name}" for name in ("token", "state")))
        for path in (made.token, made.state):
            path.mkdir()
            path.chmod(0o777)
        return made

    def copy(self, place: Place) -> Place:
        """The same content, of the same owners, in two directories of their own."""
        made = self.place()
        for source, target in ((place.token, made.token), (place.state, made.state)):
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            for path in source.rglob("*"):
                of = path.lstat()
                os.lchown(target / path.relative_to(source), of.st_uid, of.st_gid)
        return made

    def start(
        self,
        contender: Contender,
        place: Place,
        *,
        settings: Mapping[str, str] | None = None,
        mounts: Mapping[str, Path] | None = None,
        program: Sequence[str] | None = None,
    ) -> str:
        """Run its container; its name. `settings` beyond its own, `mounts` by path in the container, and
        another program in its image instead of its own.

        :raises EngineError: it did not start
        """
        name = f"{self.mark}-{contender.name}-{uuid.uuid4().hex[:8]}"
        files = {TOKEN: place.token, STATE: place.state, **(mounts or {})}
        options = [f"--volume={path}:{target}" for target, path in files.items()]
        options += [f"--volume={path}:{target}:ro" for target, path in contender.files.items()]
        options += [
            f"--env={key}={value}" for key, value in {**contender.settings, **(settings or {})}.items()
        ]
        command = [contender.image, *contender.command]
        if program is not None:
            options.append(f"--entrypoint={program[0]}")
            command = [contender.image, *program[1:]]
        # Kubernetes runs no image's HEALTHCHECK; here each would add the engine's exec to the CPU.
        options.append("--no-healthcheck")
        self._names.append(name)  # before it is there: whatever happens now, it is removed
        docker("run", "--detach", f"--name={name}", "--network=host", *options, *command)
        return name

    def remove(self, name: str) -> None:
        """With whatever volumes it made; nothing if it is not there."""
        self._printed(printed_by(name))
        docker("rm", "--force", "--volumes", name)
        self._names.remove(name)

    def image_bytes(self, name: str) -> int:
        """Uncompressed, all layers."""
        return int(docker("image", "inspect", "--format", "{{.Size}}", name))

"""What the kernel counts for a container: its control group's memory and CPU, and its processes' pages.

Sources: Documentation/admin-guide/cgroup-v1/{memory,cpuacct}.rst, cgroup-v2.rst and filesystems/proc.rst of
the kernel. With both versions mounted, as systemd's hybrid layout has them, the first holds the controllers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROC = Path("/proc")
MIB = 1 << 20


class Unmeasured(Exception):
    """What was to be measured could not be; the text says why."""


class NotCounted(Unmeasured):
    """The kernel does not tell it, or not to us."""


@dataclass(frozen=True)
class Group:
    """The directories of one container's control group; one and the same in version 2.

    All its methods raise `NotCounted` where that cannot be read, as of a container that has ended.
    """

    version: Literal[1, 2]
    memory: Path
    cpu: Path

    def anonymous(self) -> int:
        """Bytes of memory that no file is behind, of all its processes.

        `total_rss` of version 1 is that, in spite of its name: "anonymous and swap cache memory".
        """
        field = "total_rss" if self.version == 1 else "anon"
        return counted(_read(self.memory / "memory.stat"), field)

    def cpu_seconds(self) -> float:
        """CPU that its processes have used, those included that have ended."""
        if self.version == 1:
            return int(_read(self.cpu / "cpuacct.usage")) / 1e9
        return counted(_read(self.cpu / "cpu.stat"), "usage_usec") / 1e6

    def processes(self) -> list[int]:
        """Their ids, as this machine's."""
        return [int(line) for line in _read(self.memory / "cgroup.procs").split()]

    def pss(self) -> int:
        """Bytes: what each process has for itself, and its share of what it has in common with others."""
        return sum(self._of_processes("smaps_rollup", "Pss"))

    def peaks(self) -> dict[int, int]:
        """By process: the most bytes that it has had resident so far."""
        return {pid: held for pid in self.processes() for held in _kib(pid, "status", "VmHWM")}

    def _of_processes(self, file: str, field: str) -> Iterable[int]:
        return (held for pid in self.processes() for held in _kib(pid, file, field))


def group_of(pid: int, proc: Path = PROC) -> Group:
    """Of the container whose PID 1 is `pid` here.

    :raises NotCounted: it is not mounted here
    """
    return group((proc / str(pid) / "cgroup").read_text(), (proc / "self" / "mountinfo").read_text())


def group(memberships: str, mounts: str) -> Group:
    """From /proc/<pid>/cgroup and /proc/self/mountinfo.

    :raises NotCounted: no mount has its memory and CPU
    """
    within: dict[str, str] = {}
    for line in memberships.splitlines():
        _, controllers, path = line.split(":", 2)
        within |= dict.fromkeys(controllers.split(","), path)
    if "memory" in within and "cpuacct" in within:
        return Group(
            1, _mounted(mounts, "memory", within["memory"]), _mounted(mounts, "cpuacct", within["cpuacct"])
        )
    if "" in within:
        directory = _mounted(mounts, None, within[""])
        return Group(2, directory, directory)
    raise NotCounted("no control group has its memory and its CPU")


def counted(text: str, field: str) -> int:
    """The number behind a name, in files of `name number` lines.

    :raises NotCounted: it is not there
    """
    found = re.search(rf"^{field} (\d+)$", text, flags=re.MULTILINE)
    if found is None:
        raise NotCounted(f"{field} is not told")
    return int(found[1])


def kib(text: str, field: str) -> int | None:
    """Bytes, from `Name:  number kB` lines of /proc; None where it is not told, as of kernel threads."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", text, flags=re.MULTILINE)
    return None if found is None else int(found[1]) * 1024


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:  # gone with its container, closed to us, or a controller that is not switched on
        raise NotCounted(f"{file.name} of the control group cannot be read: {error.strerror}") from error


def _kib(pid: int, file: str, field: str, read: Callable[[Path], str] = Path.read_text) -> list[int]:
    # A process may end between being listed and being looked at: nothing is its share then.
    try:
        held = kib(read(PROC / str(pid) / file), field)
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [] if held is None else [held]


def _mounted(mounts: str, controller: str | None, path: str) -> Path:
    """Where the hierarchy of a controller is mounted (None: version 2), and the path below that."""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, point = before.split(" ")[3:5]
        wanted = (
            kind == "cgroup2" if controller is None else kind == "cgroup" and controller in options.split(",")
        )
        if wanted and (root == "/" or path.startswith(f"{root}/") or path == root):
            return Path(point) / path.removeprefix(root).lstrip("/")
    raise NotCounted(f"{controller or 'version 2 of control groups'} is not mounted for {path}")

"""Users of the machine, and what each of them can do to a file: the kernel is asked by their processes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.torture.figures import count

SUITE = "access"

TOKEN_GROUP, VOLUME_GROUP, OTHER_GROUP = 64100, 64200, 64300

# Redirections open a file and run nothing. `command` keeps the shell alive when one fails.
_OPENED = 'for f; do if command : {operator}"$f"; then printf "%s\\n" "$f"; fi; done 2>/dev/null'


@dataclass(frozen=True)
class User:
    """One identity: it has no capability, whatever its number is."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...] = ()

    @property
    def prefix(self) -> list[str]:
        """What runs a command as this user."""
        groups = f"--groups={','.join(map(str, self.groups))}" if self.groups else "--clear-groups"
        ids = [f"--reuid={self.uid}", f"--regid={self.gid}", groups]
        return ["setpriv", *ids, "--bounding-set=-all", "--inh-caps=-all"]

    @property
    def shell(self) -> str:
        """A shell of this user's, as `Pod.start` takes it."""
        return " ".join([*self.prefix, "sh"])

    def does(self, script: str, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
        """Run a shell script with these arguments."""
        command = [*self.prefix, "sh", "-c", script, "sh", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")

    def readable(self, paths: Iterable[Path]) -> set[Path]:
        """Which of these files it can open for reading."""
        return self._opened("<", paths)

    def writable(self, paths: Iterable[Path]) -> set[Path]:
        """Which of these files it can open for writing."""
        return self._opened(">>", paths)

    def enterable(self, paths: Iterable[Path]) -> set[Path]:
        """In which of these directories it can make a file; what it makes is removed."""
        probes = {path / "planted": path for path in paths}
        made = self._opened(">>", probes)
        for probe in made:
            probe.unlink()
        return {probes[probe] for probe in made}

    def _opened(self, operator: str, paths: Iterable[Path]) -> set[Path]:
        tried = [str(path) for path in paths]
        found = set(self.does(_OPENED.format(operator=operator), *tried).stdout.splitlines())
        assert found <= set(tried)
        allowed = {"<": "reads", ">>": "writes"}[operator]
        count(SUITE, f"{allowed} tried by other users and the owner", len(tried))
        count(SUITE, f"{allowed} refused", len(tried) - len(found))
        count(SUITE, f"{allowed} allowed", len(found))
        return {Path(name) for name in found}


PLATFORM = 64000
"""Owns the roots of volumes, as root does on a cluster."""

SIDECAR = User("the sidecar", 0, 64001, (TOKEN_GROUP, VOLUME_GROUP))
"""Number 0, since Python may lie where nobody else gets to; without capabilities it is a user like others."""

APP = User("an app by a further group", 64002, 64002, (TOKEN_GROUP,))
STRANGER = User("another user", 64003, 64003)

OTHERS = (
    APP,
    User("an app by its own group", 64002, TOKEN_GROUP),
    User("a user of the sidecar's own group", 64004, SIDECAR.gid),
    User("a user of the volume's group", 64005, 64005, (VOLUME_GROUP,)),
    User("a user of another group", 64006, OTHER_GROUP),
    STRANGER,
    User("nobody", 65534, 65534),
)
"""Everybody but the owner."""

"""Objects that another user puts where the sidecar will look, and the victims that they lead to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tests.emulator import Emulator
from tests.torture.access.users import SIDECAR, SUITE, User
from tests.torture.access.volumes import files_of, tree
from tests.torture.figures import count

STATE_NAMES = (
    *("cache", ".cache.new", ".room", "lock", "msal.lockfile", "journal.json", ".journal.json.new"),
    *("heartbeat", "tick", "due", "wake", "live_until", ".live_until.new", "ready_until"),
    *("prompt", "prompt.json", ".prompt.json.new", "discovery.json", "history.json", ".history.json.new"),
)
"""What the sidecar opens in its private directory."""

TOKEN_NAMES = ("..data", "..new", "..link", "token", "token.json", "expires_on", "arm")
"""What it makes in the token directory."""

KINDS = {
    "link to a file of the sidecar's": 'ln -s "$victims/file" "$path"',
    "link to nothing": 'ln -s "$victims/nothing" "$path"',
    "link to a directory of the sidecar's": 'ln -s "$victims/folder" "$path"',
    "link to a FIFO": 'ln -s "$own/fifo" "$path"',
    "link to FIFOs in a directory": 'ln -s "$own/fifos" "$path"',
    "link to an endless file": 'ln -s "$own/endless" "$path"',
    "FIFO": 'mkfifo -m 0666 "$path"',
    "empty directory": 'mkdir -m 0777 "$path"',
    "directory with something": 'mkdir -m 0777 "$path" && : >"$path/something"',
    "file that all can change": ': >"$path"',
    "file that nobody can read": 'umask 077; : >"$path"',
    "hard link": 'ln "$own/file" "$path"',
}
"""How each is made by a shell of the planter's. Without the first part it would fail where something is."""


class Garden:
    """Victims and bait in a directory that everybody can walk through."""

    def __init__(self, folder: Path, planter: User) -> None:
        self.victims = folder / "victims"
        self.own = folder / "own"
        self.planter = planter
        (self.victims / "folder").mkdir(parents=True)
        for file in (self.victims / "file", self.victims / "folder" / "token.json"):
            file.write_text("the sidecar's own\n")
            file.chmod(0o600)
        for path in tree(self.victims):
            os.chown(path, SIDECAR.uid, SIDECAR.gid)
        self.victims.chmod(0o755)
        self.own.mkdir()
        (self.own / "file").write_text("bait\n")
        (self.own / "file").chmod(0o666)
        (self.own / "fifos" / "arm").mkdir(parents=True)
        (self.own / "endless").mkdir()
        (self.own / "endless" / "token.json").symlink_to("/dev/zero")
        os.mkfifo(self.own / "fifo", 0o666)
        for path in (self.own / "fifos", self.own / "fifos" / "arm"):
            os.mkfifo(path / "token.json")
        for path in tree(self.own):
            if not path.is_symlink():
                os.chown(path, planter.uid, planter.gid)
        self._before = self._seen()

    def plant(self, path: Path, kind: str) -> None:
        """Put one object there, as the planter, in the place of what is there."""
        head = 'path=$1 victims=$2 own=$3; umask 0; rm -rf "$path"; '
        done = self.planter.does(head + KINDS[kind], path, self.victims, self.own)
        assert done.returncode == 0, done.stderr
        count(SUITE, "objects planted")

    def check(self, below: Path, entra: Emulator, *, except_for: set[str]) -> None:
        """Nothing was written through a link, and the planter reads no secret anywhere below."""
        assert self._seen() == self._before
        for file in self.planter.readable(files_of(tree(below))):
            content = file.read_text(errors="replace")
            found = [secret for secret in entra.secrets - except_for if secret in content]
            assert found == [], f"{file} shows {len(found)} secrets"

    def _seen(self) -> dict[str, tuple[int, int, int, bytes]]:
        """Mode, owner, time and content of everything that a link leads to."""
        found = {}
        for path in (*tree(self.victims), *tree(self.own)):
            state = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(state.st_mode) else b""
            found[str(path)] = (state.st_mode, state.st_uid, state.st_mtime_ns, content)
        return found

"""The two directories, byte by byte: what has changed, what is left behind, which modes there are."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from tests.torture.kills.readers import FILES

STATE = {"cache", "discovery.json", "due", "heartbeat", "journal.json", "live_until", "lock", "ready_until"}
STATE |= {"history.json", "wake"}
"""The names of the private directory between two turns."""

GENERATION = re.compile(r"\.\.\d{4}(_\d\d){5}\.\d{12}")
KEEP_SECONDS = 60 + 10
"""What is promised, and what may pass between a publication and a look at what it left."""


@dataclass(frozen=True)
class Entry:
    """One name: kind and mode as `st_mode` has them, a file's bytes, a link's target."""

    mode: int
    content: bytes


Tree = dict[str, Entry]


def take(pod: Path) -> Tree:
    """Every name below `pod` with its mode and bytes."""
    tree = {}
    for path in sorted(pod.rglob("*")):
        details = path.lstat()
        content = b""
        if stat.S_ISREG(details.st_mode):
            content = path.read_bytes()
        elif stat.S_ISLNK(details.st_mode):
            content = os.fsencode(path.readlink())
        tree[str(path.relative_to(pod))] = Entry(details.st_mode, content)
    return tree


def shape(before: Tree, now: Tree) -> str:
    """What differs from `before`, whatever the time of day and the tokens are called: kills that leave the
    same shape leave the next turn the same work.
    """
    known = {name for path in before for name in path.split("/") if GENERATION.fullmatch(name)}
    rows = []
    for path, entry in now.items():
        named = "/".join(_named(part, known) for part in path.split("/"))
        if before.get(path) == entry:
            continue
        target = _named(entry.content.decode(), known) if stat.S_ISLNK(entry.mode) else ""
        rows.append(f"{named} {entry.mode:o} {len(entry.content) > 0} {path in before} {target}")
    rows += [f"{_named(path, known)} gone" for path in before if path not in now]
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()


def _named(part: str, known: set[str]) -> str:
    return "new" if GENERATION.fullmatch(part) and part not in known else part


NO_SECRET = {"state/private/.room"}
"""It holds a row of x, and the umask decides on its mode."""


def wrong_modes(tree: Tree) -> list[str]:
    """Names whose mode opens them further than they may be, at any instant: the state is for its owner
    alone, and no reader may write.
    """
    wrong = []
    for path, entry in tree.items():
        if stat.S_ISLNK(entry.mode) or path in NO_SECRET:
            continue
        mode = stat.S_IMODE(entry.mode)
        if path.startswith("state/private"):
            right = mode == (0o700 if stat.S_ISDIR(entry.mode) else 0o600)
        elif stat.S_ISDIR(entry.mode):
            right = mode in (0o700, 0o750) or "/" not in path
        else:
            right = mode in (0o600, 0o640)
        if not right:
            wrong.append(f"{path} {mode:04o}")
    return wrong


def left_behind(pod: Path, *, links: set[str]) -> list[str]:
    """Names that should not be there after a turn that published. Generations that were superseded less
    than a minute ago, by the boot clock, may be.
    """
    state = {path.name for path in (pod / "state" / "private").iterdir()}
    found = [f"private/{name}" for name in state - STATE] + [f"no private/{name}" for name in STATE - state]
    found += [path.name for path in (pod / "state").iterdir() if path.name != "private"]
    tokens = pod / "tokens"
    current = (tokens / "..data").readlink().name
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    for path in tokens.iterdir():
        if GENERATION.fullmatch(path.name):
            superseded = -1 < boot - path.lstat().st_mtime < KEEP_SECONDS
            if path.name != current and not superseded:
                found.append(f"{path.name}, which nobody was led to")
            names = {entry.name for entry in path.iterdir()}
            if path.name == current and names != links:
                found.append(f"{path.name} with {sorted(names)}")
            if path.name == current and stat.S_IMODE(path.stat().st_mode) != 0o750:
                found.append(f"{path.name} of mode {stat.S_IMODE(path.stat().st_mode):04o}")
        elif path.name != "..data" and path.name not in links:
            found.append(path.name)
    found += [f"no link {name}" for name in links if not (tokens / name).is_symlink()]
    return found


LINKS = {*FILES, "arm"}
"""What the links of a pod with one unnamed and one named token are called."""


def unforeseen(path: str, before: set[str]) -> str | None:
    """The name of a generation in `path` that is not among the names `before`; None if there is none."""
    parts = (part for part in path.split("/") if GENERATION.fullmatch(part))
    return next((part for part in parts if part not in before), None)

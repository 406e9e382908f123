"""strace(1): what it is told, and what it wrote.

Its counters (`when=N`) count for each thread and each name of a call. A signal comes before the call
is done, an error in place of it. `--seccomp-bpf` would be faster and is of no use: with it strace 6.1 does
not deliver the signals (measured).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

_CALL = re.compile(r"^(\d+) +([a-z0-9_]+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. [a-z0-9_]+ resumed>(.*)$")
_UNFINISHED = " <unfinished ...>"
_RESULT = re.compile(r"\) += (\?|-?\d+|0x[0-9a-f]+)(?:<[^>]*>)?(?: (E[A-Z]+))?")


@dataclass(frozen=True)
class Call:
    """One system call. `thread` is 0 for the main thread, then in order of appearance; `ordinal` counts
    the calls of that name in that thread from 1; `result` is None if it was not seen to return.
    """

    thread: int
    name: str
    ordinal: int
    words: str
    result: int | None
    error: str | None
    injected: bool

    @property
    def paths(self) -> list[str]:
        """The absolute paths among its arguments, those of descriptors too."""
        return re.findall(r'["<](/[^">]*)[">]', self.words.split(") = ")[0])

    @property
    def succeeded(self) -> bool:
        """It was done, and returned no error."""
        return self.result is not None and self.result >= 0

    def __str__(self) -> str:
        where = "" if self.thread == 0 else f" of thread {self.thread}"
        return f"{self.name} no. {self.ordinal}{where}: {self.words[:160]}"


def kill(name: str, ordinal: int) -> list[str]:
    """End the process at a call."""
    return ["-e", f"inject={name}:signal=SIGKILL:when={ordinal}"]


def fail(name: str, error: str, when: str, *, path: str | None = None) -> list[str]:
    """Fail a call; with `path` only those with that path, or a descriptor of it, are counted and shown."""
    only = [] if path is None else ["-P", path]
    return [*only, "-e", f"inject={name}:error={error}:when={when}"]


def command(trace: Path, options: list[str]) -> list[str]:
    """The command line up to the program, or `-p`."""
    return ["strace", "-f", "-y", "-s", "32", "-o", str(trace), *options]


def read(trace: Path) -> list[Call]:
    """The calls in the order in which they were begun."""
    threads: dict[str, int] = {}
    ordinals: Counter[tuple[int, str]] = Counter()
    calls = []
    for pid, name, words in _whole(trace.read_text(errors="replace").splitlines()):
        thread = threads.setdefault(pid, len(threads))
        ordinals[thread, name] += 1
        result = _RESULT.search(words)
        returned = result is not None and result[1] != "?"
        calls.append(
            Call(
                thread=thread,
                name=name,
                ordinal=ordinals[thread, name],
                words=words,
                result=int(result[1], 0) if result and returned else None,
                error=result[2] if result else None,
                injected=words.endswith("(INJECTED)"),
            )
        )
    return calls


def _whole(lines: list[str]) -> list[tuple[str, str, str]]:
    """Process id, name, and the rest; a call that another thread's came between is put together again."""
    found: list[tuple[str, str, str]] = []
    open_calls: dict[str, int] = {}
    for line in lines:
        if begun := _CALL.match(line):
            pid, name, words = begun.groups()
            if words.endswith(_UNFINISHED):
                open_calls[pid] = len(found)
            found.append((pid, name, words))
        elif (resumed := _RESUMED.match(line)) and resumed[1] in open_calls:
            at = open_calls.pop(resumed[1])
            pid, name, words = found[at]
            found[at] = (pid, name, words.removesuffix(_UNFINISHED) + resumed[2])
    return found


def killed(trace: Path, name: str, ordinal: int) -> Call | None:
    """The call at which `kill(name, ordinal)` ended the process; None if it ended by itself."""
    if "+++ killed by SIGKILL +++" not in trace.read_text(errors="replace"):
        return None
    return next(call for call in read(trace) if (call.name, call.ordinal) == (name, ordinal))

"""Copies of one pod, each with a turn of which another call fails."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.torture.kills import snapshot, strace
from tests.torture.kills.bench import Bench, Ended
from tests.torture.kills.errnos import possible, words_of
from tests.torture.kills.killings import links_and_data
from tests.torture.kills.readers import through_links
from tests.torture.kills.strace import Call

WRITE_RETRY_SECONDS = 20
ENDS_THE_LOOP = {64, 77, 78}
"""Exit codes behind which entrypoint.sh runs no further turn."""


@dataclass(frozen=True)
class Failing:
    """One call of a turn by name and path below the pod, the `number`th of that, and the error it gets.
    Without a path it is counted by name alone: those of a generation that has no name before the turn.
    """

    name: str
    path: str | None
    number: int
    error: str

    def options(self, pod: Path, *, for_good: bool = False) -> list[str]:
        """What strace is told; `for_good`: so do all further ones."""
        when = f"{self.number}+" if for_good else f"{self.number}"
        return strace.fail(self.name, self.error, when, path=self.path and str(pod / self.path))

    @property
    def exit_codes(self) -> tuple[int, ...]:
        """Those that the README allows: a private directory that denies its owner is one of the settings."""
        looking = self.name in ("openat", "newfstatat") and (self.path or "").startswith("state/private")
        first = self.number == 1 or self.path == "state/private"
        denied = looking and first and self.error == "EACCES"
        return (0, 73, 78) if denied else (0, 73)

    @property
    def causes(self) -> tuple[str, ...]:
        """How the log may word it. `os.access` does not tell why not; `os.makedirs` takes a directory that
        cannot be looked at for a file.
        """
        other = {"access": ("EACCES",), "newfstatat": ("EEXIST",)}.get(self.name, ())
        return tuple(words_of(error) for error in (self.error, *other))

    def __str__(self) -> str:
        return f"{self.error} for {self.name} no. {self.number} of {self.path or '(a new generation)'}"


def failings(calls: Sequence[Call], pod: Path, *, like: Path) -> list[Failing]:
    """Every call of the main thread that touches the two directories of `pod`, which was a copy of `like`,
    with every error that makes sense.
    """
    before = {path.name for path in (like / "tokens").iterdir()}
    seen: Counter[tuple[str, str]] = Counter()
    written: set[str] = set()
    found = []
    for call in calls:
        paths = [path for path in call.paths if path.startswith(f"{pod}/")]
        if call.thread != 0 or not paths:
            continue
        for path in set(paths):
            seen[call.name, path] += 1
        if call.name in ("write", "pwrite64"):
            written.add(paths[0])
        if call.name == "close" and paths[0] not in written:
            continue
        named = [path for path in paths if snapshot.unforeseen(path, before) is None]
        where = str(Path(named[0]).relative_to(pod)) if named else None
        number = seen[call.name, named[0]] if named else call.ordinal
        found += [Failing(call.name, where, number, error) for error in possible(call)]
    return found


class Failures:
    """Runs `refresh --now` with one failing call, then turns without."""

    turn = ("refresh", "--now")

    def __init__(self, bench: Bench, pod: Path) -> None:
        self.codes: Counter[int] = Counter()
        self.not_reached: list[Failing] = []
        self.reached: list[Failing] = []
        self._bench = bench
        self._pod = pod
        self._old = through_links(pod / "tokens")

    def fail(self, failing: Failing) -> list[str]:
        """Everything that is wrong afterwards."""
        pod = self._bench.pod(self._pod)
        (pod / "state/private/wake").write_text(f"{0:<10}\n")  # as entrypoint.sh does before a turn
        ended, trace = self._bench.traced(pod, *self.turn, options=failing.options(pod))
        if not any(call.injected for call in strace.read(trace)):
            self.not_reached.append(failing)
            return []
        self.reached.append(failing)
        self.codes[ended.code] += 1
        wrong = [*self._about(ended, failing, pod), *links_and_data(pod), *self._about_readers(pod)]
        for turn in (("refresh",), self.turn):
            again = self._bench.turn(pod, *turn)
            if not again.silent:
                wrong.append(f"the next {' '.join(turn)} ended with {again.code}: {again.output}")
        wrong += [f"left behind: {row}" for row in snapshot.left_behind(pod, links=snapshot.LINKS)]
        wrong += [f"mode: {row}" for row in snapshot.wrong_modes(snapshot.take(pod))]
        self._bench.drop(pod)
        return [f"{failing}: {words}" for words in wrong]

    def _about(self, ended: Ended, failing: Failing, pod: Path) -> list[str]:
        """What the failed turn, or the one that went on, says and leaves to the shell."""
        wrong = []
        if "Traceback" in ended.output:
            wrong.append(f"traceback: {ended.output[-300:]}")
        elif ended.code not in failing.exit_codes:
            wrong.append(f"exit code: {ended.code}: {ended.output[-400:]}")
        if ended.code == 73:
            told = [str(record.get("message")) for record in ended.records if record["level"] == "error"]
            if not any(cause in words and str(pod) in words for cause in failing.causes for words in told):
                wrong.append(f"message: names not both one of {failing.causes} and a path: {told}")
        wake = int((pod / "state/private/wake").read_text())
        pause = wake - time.clock_gettime(time.CLOCK_BOOTTIME)
        if ended.code and wake and not -5 < pause <= WRITE_RETRY_SECONDS + 1:
            wrong.append(f"schedule: the next turn is due in {pause:.0f} s")
        return wrong

    def _about_readers(self, pod: Path) -> list[str]:
        seen = through_links(pod / "tokens")
        if missing := self._old.keys() - seen.keys():
            return [f"missing: {sorted(missing)}"]
        issued = self._bench.entra.secrets
        return [f"torn: {name} is nobody's" for name, token in seen.items() if token not in issued]


def kind(wrong: str) -> str:
    """The word by which a complaint begins."""
    return re.sub(r"^.*?: (\w[\w ]*).*", r"\1", wrong, flags=re.DOTALL)

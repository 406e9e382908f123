"""Loops that can be killed as the kernel kills them, and what a pod must look like after that."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from sidecar.core import envelope, journal
from tests.end_to_end.pod import Pod, Running, eventually
from tests.torture.contention.reader import read

SHELL_PAUSE_SECONDS = 10
"""What the shell waits after a turn that was killed alone, doubled for every further one in a row."""


class Loop:
    """`entrypoint.sh refresh` in a process group of its own. `outputs` is all that its lives printed."""

    def __init__(self, pod: Pod) -> None:
        self.pod = pod
        self.runs: list[Running] = []
        self.killed_turns = 0
        self._token_then = ""
        self.start()

    def start(self) -> None:
        """As the platform does after a kill: at once."""
        role = self.pod.start("refresh", shell="setsid sh")
        pid = role.process.pid
        eventually(lambda: os.getpgid(pid) == pid, "a process group")
        self.runs.append(role)
        self.killed_turns = 0

    @property
    def role(self) -> Running:
        """Its present life."""
        return self.runs[-1]

    def turn(self) -> int | None:
        """The process of the turn that is under way."""
        shell = self.role.process.pid
        with suppress(OSError):
            for child in Path(f"/proc/{shell}/task/{shell}/children").read_text().split():
                if Path(f"/proc/{child}/comm").read_text().startswith("python"):
                    return int(child)
        return None

    def kill_all(self) -> None:
        """SIGKILL to shell, turn and sleep at once."""
        os.killpg(self.role.process.pid, signal.SIGKILL)
        self.role.end()

    def kill_turn(self) -> bool:
        """SIGKILL to the turn alone, if there is one, and if the token outlives the shell's pause."""
        turn = self.turn()
        token, left = read(self.pod)
        in_a_row = self.killed_turns if token == self._token_then else 0
        if turn is None or left < SHELL_PAUSE_SECONDS * 2**in_a_row + SHELL_PAUSE_SECONDS / 2:
            return False
        with suppress(ProcessLookupError):
            os.kill(turn, signal.SIGKILL)
        self.killed_turns, self._token_then = in_a_row + 1, token
        return True

    @property
    def outputs(self) -> list[str]:
        """What each of its lives printed."""
        return [role.output for role in self.runs]


def corruption(pod: Pod) -> list[str]:
    """What no kill may leave behind, whoever writes meanwhile: a cache that does not open, a journal that
    cannot be read, a token that is not whole."""
    found = [path.name for path in pod.private.glob("cache.damaged-*")]
    try:
        header, _, body = (pod.private / "cache").read_bytes().partition(b"\n")
        json.loads(header)
        if envelope.from_bytes(body).account is None:
            found.append("the cache: nobody is signed in")
    except (OSError, ValueError, KeyError) as error:
        found.append(f"the cache: {error!r}")
    try:
        if journal.from_text((pod.private / "journal.json").read_bytes()).anchor is None:
            found.append("the journal: unreadable")
    except OSError as error:
        found.append(f"the journal: {error!r}")
    try:
        read(pod)
    except (OSError, ValueError, KeyError) as error:
        found.append(f"the token: {error!r}")
    return [f"{pod.tokens.parent.name} at {time.time():.2f}: {words}" for words in found]

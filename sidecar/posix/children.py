"""Child processes of a program that stays: started clean, signalled, reaped.

Signals are blocked and taken one by one with `sigwaitinfo`, which says where each came from: there is
no handler that could run at a bad moment, and none is lost while a child is being started.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FORWARDED = frozenset(
    {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
)
# What Python itself ignores from its start on, and a child would inherit.
_IGNORED_BY_PYTHON = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
_TAKEN = FORWARDED | {signal.SIGCHLD}
LONGEST_WAIT_SECONDS = 3600.0
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True)
class Sent:
    """A signal, and who sent it: `by_kernel` for a terminal (sigaction(2): `si_code` above 0)."""

    signum: int
    sender: int
    by_kernel: bool


class Children:
    """All children of this process. Made once: it takes the signals and closes what is inherited."""

    def __init__(self) -> None:
        """A HUP that was ignored from outside stays so, as nohup wants it."""
        hangup_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._defaults = (FORWARDED | _IGNORED_BY_PYTHON) - ({signal.SIGHUP} if hangup_ignored else set())
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, it would reap the exit codes
        signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)
        for entry in Path("/proc/self/fd").iterdir():
            if int(entry.name) > 2:
                with suppress(OSError):  # the listing's own
                    os.set_inheritable(int(entry.name), False)
        self._ended: dict[int, int] = {}

    def start(self, command: Sequence[str], environ: Mapping[str, str]) -> int:
        """Start `command[0]`, a path, with our three streams, default signals and none blocked.

        :raises OSError: it cannot be executed
        """
        return os.posix_spawn(
            command[0], list(command), environ, setsigmask=(), setsigdef=self._defaults | {signal.SIGCHLD}
        )

    def start_apart(self, command: Sequence[str], environ: Mapping[str, str]) -> int:
        """Start `command[0]`, a path, in a session of its own: out of a terminal's reach, without input,
        with both streams on standard error. It gets TERM when this process dies, also by KILL.
        """
        parent = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:  # pragma: no cover - another process, which ends or becomes `command`
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            for signum in self._defaults:
                signal.signal(signum, signal.SIG_DFL)
            _end_with(parent)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.execve(command[0], list(command), environ)
        finally:
            os._exit(126)

    def take(self, seconds: float) -> Sent | None:
        """Wait for a signal for at most `seconds`; None if a child has ended or time is over."""
        info = signal.sigtimedwait(_TAKEN, min(max(seconds, 0.0), LONGEST_WAIT_SECONDS))
        if info is None:
            return None
        if info.si_signo == signal.SIGCHLD:
            self._reap()
            return None
        return Sent(info.si_signo, info.si_pid, info.si_code > 0)

    def code_of(self, pid: int) -> int | None:
        """The exit code of a child that has ended, 128+N if signal N ended it; None while it runs."""
        return self._ended.get(pid)

    def signal(self, pid: int, signum: int) -> None:
        """Send `signum` to a child, unless it has ended."""
        if pid not in self._ended:
            os.kill(pid, signum)

    def end(self, pid: int, *, seconds: float) -> None:
        """TERM to a child apart, KILL to its session if it has not ended in time; other signals wait."""
        self.signal(pid, signal.SIGTERM)
        until = time.monotonic() + seconds
        while pid not in self._ended and (left := until - time.monotonic()) > 0:
            signal.sigtimedwait({signal.SIGCHLD}, left)
            self._reap()
        if pid not in self._ended:
            self.kill(pid)

    def kill(self, pid: int) -> None:
        """KILL to a child apart and all in its session's first group."""
        if pid not in self._ended:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = ended
                code = os.waitstatus_to_exitcode(status)
                self._ended[pid] = code if code >= 0 else 128 - code


def _end_with(parent: int) -> None:  # pragma: no cover - in the child
    """Ask the kernel for TERM when `parent` dies: by KILL it could not tell anybody."""
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(143)

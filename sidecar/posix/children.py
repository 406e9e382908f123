"""Child processes of a program that stays: started clean, signalled, reaped.

Signals are blocked and taken one by one with `sigwaitinfo`, which says where each came from: there is
no handler that could run at a bad moment, and none is lost while a child is being started.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence

FORWARDED = frozenset(
    {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
)
# What Python itself ignores from its start on, and a child would inherit.
_IGNORED_BY_PYTHON = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
_ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP})


class Children:
    """All children of this process; as PID 1 also those that others left behind."""

    def __init__(self) -> None:
        """Blocks the signals; a HUP that was ignored from outside stays so, as nohup wants it."""
        hangup_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        kept = {signal.SIGHUP} if hangup_ignored else set()
        self._defaults = (FORWARDED | _IGNORED_BY_PYTHON) - kept
        self._taken = FORWARDED | {signal.SIGCHLD}
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored by the caller, no child could be waited for
        self.told_to_end: int | None = None
        """The first signal that came and is meant to end programs."""
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._taken)
        self._ended: dict[int, int] = {}

    def start(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        stdout: int = 1,
        background: bool = False,
    ) -> int:
        """Start `command[0]`, a path, with default signals and the mask from before; its process id.

        `stdout` is the descriptor that becomes its standard output. In the background it gets a session
        of its own, out of a terminal's reach, and no input.

        :raises OSError: it cannot be executed
        """
        actions: list[tuple[int, int, int] | tuple[int, int, str, int, int]] = []
        if stdout != 1:
            actions.append((os.POSIX_SPAWN_DUP2, stdout, 1))
        if background:
            actions.append((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))
        return os.posix_spawn(
            command[0],
            list(command),
            environ,
            file_actions=actions,
            setsid=background,
            setsigmask=self._mask,
            setsigdef=self._defaults,
        )

    def watch(self, pid: int) -> int:
        """Forward signals to a child until it ends; its exit code, 128+N if signal N ended it.

        What the terminal sent (`si_code` above 0: by the kernel, sigaction(2)) has reached the child
        already, since it is in the same process group: Ctrl-C comes once.
        """
        while pid not in self._ended:
            info = signal.sigwaitinfo(self._taken)
            if info.si_signo == signal.SIGCHLD:
                self._reap()
                continue
            if info.si_signo in _ENDING and self.told_to_end is None:
                self.told_to_end = info.si_signo
            if info.si_code <= 0:
                os.kill(pid, info.si_signo)
        return self._ended[pid]

    def end(self, pid: int, *, seconds: float) -> None:
        """TERM to a background child; KILL to its session if it has not ended in time."""
        self._reap()
        if pid in self._ended:
            return
        os.kill(pid, signal.SIGTERM)
        while pid not in self._ended and signal.sigtimedwait({signal.SIGCHLD}, seconds):
            self._reap()
        if pid not in self._ended:
            os.killpg(pid, signal.SIGKILL)

    def _reap(self) -> None:
        try:
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = ended
                code = os.waitstatus_to_exitcode(status)
                self._ended[pid] = code if code >= 0 else 128 - code
        except ChildProcessError:
            pass

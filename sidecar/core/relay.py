"""Which signals a command still has to be given, and which it has got already.

`exec` is a shell, Python below it and the command beside Python, all in one process group. What is
sent to the shell alone (an engine's `stop`, a runner's cancel) the shell hands on to Python, and the
command has not got it. What a terminal sends, or `kill` to the whole group (a runner's shell, `timeout`),
all three get: Python once by itself and once more from the shell, unless the two fell into one, for
the kernel keeps a pending signal once (signal(7)). The command has it then.
"""

from __future__ import annotations

ECHO_SECONDS = 2.0
"""The shell's copy of a signal that Python got too comes within milliseconds, later on a busy machine."""


class Relay:
    """Fed with every signal; `now` is in seconds of a clock that does not leap."""

    def __init__(self) -> None:
        self._seen_on: dict[int, float] = {}

    def came(self, signum: int, *, sender: int, by_kernel: bool, shell: int | None, now: float) -> bool:
        """Whether the command has to be given this one.

        The kernel sends for the terminal. `shell` is the process id of the shell above; with None there
        is none (any more), and whoever sends can mean nobody but us.
        """
        if shell is None and not by_kernel:
            return True
        if by_kernel or sender != shell:
            self._seen_on[signum] = now
            return False
        seen_on = self._seen_on.pop(signum, None)
        return seen_on is None or now - seen_on >= ECHO_SECONDS

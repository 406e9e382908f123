"""TERM and INT end the process at once, except while something is under way that must not be lost.

The handler raises `Interrupted` in the main thread, which leaves a sleep or a wait in about 10 ms.
From the sending of a refresh token until the cache is durable it is held back (`held`): a rotated
token that was received but never saved would cost a person a sign-in. Raised in a finalizer or a hook,
where the interpreter swallows it, it is raised again.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

AGAIN_SECONDS = 0.01
"""After a finalizer swallowed it: by then the program is somewhere else."""


class Interrupted(BaseException):
    """TERM or INT came. Not an `Exception`, so that nothing on the way takes it for a failure."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """What a shell reports for a process ended by that signal: 143 for TERM, 130 for INT."""
        return 128 + self.signum


class Interrupts:
    """Owns the handlers of TERM and INT; only the first signal counts."""

    def __init__(self) -> None:
        self._holds = 0
        self._pending: int | None = None
        self._raised = False
        self._hook = sys.unraisablehook

    def install(self, *, hangup_ends: bool = False) -> None:
        """Take over TERM and INT. HUP ends who waits at a terminal; in the loop it is the shell's, and
        a terminal that closes sends it to everybody.
        """
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._handle)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._swallowed
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup leaves it
            signal.signal(signal.SIGHUP, self._handle if hangup_ends else signal.SIG_IGN)

    def retire(self) -> None:
        """The work is done: a signal that comes while the interpreter ends has nothing to raise in."""
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        sys.unraisablehook = self._hook

    @property
    def pending(self) -> bool:
        """Whether a signal waits for the end of the present hold."""
        return self._pending is not None and not self._raised

    @property
    def came(self) -> bool:
        """Whether a signal has come at all."""
        return self._pending is not None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it signals wait; at the end of the outermost one a signal that came is raised."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            self.check()

    def check(self) -> None:
        """Raise the signal that waits, unless held.

        :raises Interrupted: a signal came
        """
        if self._pending is not None and not self._holds and not self._raised:
            self._raised = True
            raise Interrupted(self._pending)

    def _swallowed(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Not from here: what a hook raises is swallowed as well."""
        if not issubclass(unraisable.exc_type, Interrupted):
            self._hook(unraisable)
            return
        self._raised = False
        again = threading.Timer(AGAIN_SECONDS, self._signal_again)
        again.daemon = True
        with suppress(RuntimeError):  # no thread is started any more while the interpreter ends
            again.start()

    def _signal_again(self) -> None:
        if self._pending is not None:
            signal.pthread_kill(threading.main_thread().ident or 0, self._pending)

    def _handle(self, signum: int, _frame: FrameType | None) -> None:
        if self._pending is None:
            self._pending = signum
        self.check()

"""Tells apps that new tokens are there: by a signal at once, by a command in a process that stays behind."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Protocol

from sidecar.core.signal_target import SignalTarget
from sidecar.posix.shell_command import spawn
from sidecar.posix.signalling import NotSignalled, send


class EventLog(Protocol):
    """Where what came of it is told."""

    def event(self, name: str, *, level: str = "info", **fields: object) -> None:
        """One event."""
        ...


class Announcement:
    """Made for one turn. Nothing here holds up or fails a renewal."""

    def __init__(
        self,
        *,
        command: str | None,
        target: SignalTarget | None,
        environ: Mapping[str, str],
        log: EventLog,
        log_options: Mapping[str, str],
        apps_may_be_absent: bool,
    ) -> None:
        """`environ` is the command's; `log_options` make a log like `log` in another process.
        `apps_may_be_absent`: in an init container nobody is there yet, which is no reason to warn.
        """
        self._command = command
        self._target = target
        self._environ = dict(environ)
        self._log = log
        self._log_options = dict(log_options)
        self._apps_may_be_absent = apps_may_be_absent
        self._started: list[int] = []

    def published(self) -> None:
        """Tell them. Returns at once and raises nothing."""
        self._reap()
        if self._target is not None:
            self._signal(self._target)
        if self._command is not None:
            self._start(self._command)

    def finish(self, seconds: float) -> None:
        """Give the commands so long: the end of an init container is theirs too."""
        until = time.monotonic() + seconds
        while self._started and time.monotonic() < until:
            self._reap()
            time.sleep(0.02 if self._started else 0)

    def _reap(self) -> None:
        """Those that have ended; beside an open prompt there may be many."""
        self._started = [pid for pid in self._started if _runs(pid)]

    def _signal(self, target: SignalTarget) -> None:
        try:
            told = send(target)
        except NotSignalled as error:
            quiet = error.absent and self._apps_may_be_absent
            self._untold("signal", error.reason, error.advice, level="debug" if quiet else "warning")
        except OSError as error:
            self._untold("signal", error.strerror or type(error).__name__, None)
        else:
            self._log.event("publish.told", by="signal", signal=target.signal, pids=told)

    def _start(self, command: str) -> None:
        order = {"command": command, "environ": self._environ, "log": self._log_options}
        minder = [sys.executable, "-P", "-m", "sidecar.minder"]
        try:
            self._started.append(
                spawn(minder, environ=self._environ, given=json.dumps(order).encode(), stdout=1)
            )
        except OSError as error:
            self._untold("command", error.strerror or type(error).__name__, None)

    def _untold(self, by: str, cause: str, advice: str | None, *, level: str = "warning") -> None:
        self._log.event("publish.untold", level=level, by=by, cause=cause, advice=advice)


def _runs(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:  # SIGCHLD is ignored, as whoever started us may have left it: the kernel reaps
        return False

"""What the log tells during a turn goes into the history; nothing depends on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.history import noted
from sidecar.posix.clock import Clock


@contextmanager
def remembered(state: StateDirectory, log: Log, clock: Clock) -> Iterator[None]:
    """Under the lock of the state directory. Written once, at the end, however the turn ends short of KILL;
    but from its first prompt on, which may stay open for an hour, whatever happens is written as it comes.

    A volume that takes no more costs what was counted since, and nothing else.
    """
    written = history = state.history()
    prompting = False
    # Several threads may log. Reentrant, as a signal's handler may log within.
    noting = threading.RLock()

    def keep() -> None:
        nonlocal written
        if history is not written:
            with suppress(OSError):
                state.keep_history(history)
                written = history

    def note(event: str, fields: Mapping[str, object]) -> None:
        nonlocal history, prompting
        with noting:
            history = noted(history, event, fields, now=clock.now())
            prompting = prompting or event == "signin.waiting"
            if prompting:
                keep()

    with suppress(OSError):
        state.sweep()
    before, log.heard = log.heard, note
    try:
        yield
    finally:
        log.heard = before
        with noting:
            keep()

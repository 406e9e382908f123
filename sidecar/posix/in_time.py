"""A call that is not waited for longer than there is time: what comes of it then, nobody knows.

It runs in a thread of its own, which is left behind. No signal handler can end the resolution of a name, and
a byte a second keeps a socket's own time-out from ever coming.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TICK_SECONDS = 0.05


def in_time(
    call: Callable[[], T],
    *,
    seconds: float = math.inf,
    gives_up: Callable[[float], bool] = lambda _waited: False,
) -> T:
    """What it returns or raises, if that comes within `seconds` and before `gives_up` says so, which is told
    all the while how many seconds have passed. The calling thread stays open to signals.

    :raises TimeoutError: it did not; the call may still go on
    :raises RuntimeError: no thread can be started
    """
    answer: list[T] = []
    failure: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            answer.append(call())
        except BaseException as error:  # handed over: it is the calling thread that reports
            failure.append(error)
        finally:
            done.set()

    begun = time.monotonic()
    threading.Thread(target=run, name="in time", daemon=True).start()
    waited = 0.0
    while not done.wait(min(TICK_SECONDS, max(seconds - waited, 0))):
        waited = time.monotonic() - begun
        if waited >= seconds:
            raise TimeoutError(f"no complete answer within {seconds:g} s")
        if gives_up(waited):
            raise TimeoutError("given up")
    if failure:
        raise failure[0]
    return answer[0]

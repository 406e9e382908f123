"""A request that is not waited for longer than there is time: what comes of it then, nobody knows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TICK_SECONDS = 0.05


def in_time(call: Callable[[], T], *, gives_up: Callable[[float], bool]) -> T:
    """Call it in a thread of its own. `gives_up` is asked with the seconds that have passed.

    :raises TimeoutError: given up; the call may still go on, and must not be repeated in this process
    """
    answer: list[T] = []
    failure: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            answer.append(call())
        except BaseException as error:
            failure.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()
    waited = 0.0
    while not done.wait(TICK_SECONDS):
        waited += TICK_SECONDS
        if gives_up(waited):
            raise TimeoutError
    if failure:
        raise failure[0]
    return answer[0]

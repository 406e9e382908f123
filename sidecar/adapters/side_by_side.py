"""Several calls at a time, each in a thread of a small pool; the main thread stays with its signals."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    call: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    width: int,
    may_begin: Callable[[], bool],
    tick: Callable[[], None],
) -> Generator[tuple[Item, Future[Result]], None, None]:
    """Call it for each of `items`, at most `width` at a time, and yield each as soon as it is done.

    Before each call `may_begin` is asked; after the first no, nothing begins any more, and what is under way
    is waited for. `tick` is called whenever one begins or is done, and so tells of their life, not of the
    caller's. Both are called in the thread of the caller.
    """
    waiting = list(reversed(items))
    under_way: dict[Future[Result], Item] = {}
    with ThreadPoolExecutor(max_workers=width, thread_name_prefix="renewal") as pool:
        while waiting or under_way:
            while waiting and len(under_way) < width:
                if not may_begin():
                    waiting.clear()
                    break
                item = waiting.pop()
                tick()
                under_way[pool.submit(call, item)] = item
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                tick()
                yield under_way.pop(future), future

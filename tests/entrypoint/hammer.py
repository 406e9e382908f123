"""Many short lives of the script, each ended by a signal at an unlucky moment."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.entrypoint.box import Box, eventually, group_exists
from tests.processes import catches

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
RUNS = 100
AT_ONCE = 6
LIMIT_SECONDS = 1.0


@dataclass(frozen=True)
class End:
    """How one hammered run ended."""

    signals: tuple[signal.Signals, ...]
    delay_ms: float
    code: int
    seconds: float


def hammer(
    box_of: Callable[[int], Box],
    moment: Callable[[Box, int], bool],
    role: str,
    choice: Sequence[tuple[signal.Signals, ...]] = ((TERM,), (INT,), (HUP, TERM)),
) -> list[End]:
    """Send random signals 0-12 ms after `moment`, which is polled, in many fresh boxes.

    The runs are reproducible up to the machine's timing.
    """

    # Before the threads: a fork in one of them would hold a program that another still writes open,
    # and exec refuses such a program (ETXTBSY).
    boxes = [box_of(number) for number in range(RUNS)]

    def one(number: int) -> End:
        chance = random.Random(number)
        signals = chance.choice(choice)
        delay = chance.uniform(0, 0.012)
        box = boxes[number]
        with box.started(role) as process:
            eventually(lambda: moment(box, process.pid))
            time.sleep(delay)
            began = time.monotonic()
            for each in signals:
                process.send_signal(each)
            try:
                code = process.wait(10)
            except subprocess.TimeoutExpired:
                code = 999
            end = End(signals, delay * 1000, code, time.monotonic() - began)
            eventually(lambda: not group_exists(process.pid))
        return end

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(one, range(RUNS)))
    worst = max(end.seconds for end in ends)
    print(f"{role} ({moment.__name__}): {len(ends)} runs, worst {worst * 1000:.0f} ms")
    return ends


def at_once(_box: Box, _pid: int) -> bool:
    """Right after fork and exec."""
    return True


def traps_are_set(_box: Box, pid: int) -> bool:
    """What comes now must not be lost."""
    return catches(pid, TERM, INT, HUP)


def wait_has_begun(_box: Box, pid: int) -> bool:
    """`wait` leaves HUP to its default."""
    return catches(pid, TERM, INT)


def turn_has_begun(box: Box, _pid: int) -> bool:
    """The stand-in for Python has been entered."""
    return bool(box.turns())


def turn_is_over(box: Box, _pid: int) -> bool:
    """The loop has its schedule and goes to sleep."""
    wake = box.private / "wake"
    return wake.exists() and wake.read_text().strip() not in ("", "0")


def assert_prompt(ends: list[End], *allowed: int, killed: bool = False) -> None:
    """No run over the limit, no code but those; with `killed`, also death before the traps."""
    late = [end for end in ends if end.seconds > LIMIT_SECONDS]
    assert late == []
    before_traps = {-TERM, -INT, -HUP} if killed else set()
    assert [end for end in ends if end.code not in {*allowed, *before_traps}] == []

"""Signals at every unlucky moment: none may be lost, none may take over a second."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.entrypoint.box import Box, eventually, group_exists
from tests.entrypoint.hammer import (
    HUP,
    INT,
    LIMIT_SECONDS,
    TERM,
    assert_prompt,
    at_once,
    hammer,
    traps_are_set,
    turn_has_begun,
    turn_is_over,
    wait_has_begun,
)
from tests.processes import catches

# A turn like the real one: interpreter start, then a handler that ends it in an orderly way.
ORDERLY = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
time.sleep(30)
"""


@pytest.fixture
def boxes(tmp_path: Path, shell: tuple[str, ...]) -> Callable[[str], Callable[[int], Box]]:
    """Fresh boxes by number, each with the given stand-in."""

    def with_body(body: str) -> Callable[[int], Box]:
        def make(number: int) -> Box:
            box = Box(tmp_path / str(number), shell)
            box.python(body)
            return box

        return make

    return with_body


Boxes = Callable[[str], Callable[[int], Box]]


def test_signal_at_start_ends_the_loop(boxes: Boxes) -> None:
    """0-12 ms after the start; only a signal before the first statement may kill outright."""
    assert_prompt(hammer(boxes("exec sleep 30"), at_once, "refresh"), 0, killed=True)


def test_signal_after_the_traps_ends_the_loop_with_0(boxes: Boxes) -> None:
    """From the moment the traps are set nothing is lost, whatever the shell is doing."""
    assert_prompt(hammer(boxes("exec sleep 30"), traps_are_set, "refresh"), 0)


def test_signal_into_a_starting_turn_ends_the_loop_with_0(boxes: Boxes) -> None:
    """0-12 ms into a turn."""
    assert_prompt(hammer(boxes("exec sleep 30"), turn_has_begun, "refresh"), 0)


def test_signal_around_the_start_of_the_sleep_ends_the_loop_with_0(boxes: Boxes) -> None:
    """0-12 ms after a turn has left its schedule: reading it, the tick, the fork of sleep."""
    assert_prompt(hammer(boxes("wake 600"), turn_is_over, "refresh"), 0)


def test_signal_to_a_starting_role_ends_it_with_the_signal_s_code(boxes: Boxes) -> None:
    """143 for TERM and 130 for INT, when the child died of what was forwarded.

    HUP is forwarded as itself, so a child may die of it first: 129.
    """
    ends = hammer(boxes("exec sleep 30"), traps_are_set, "signin")
    assert_prompt(ends, 143, 130, 129)
    assert {end.code for end in ends if end.signals == (TERM,)} == {143}
    assert {end.code for end in ends if end.signals == (INT,)} == {130}


def test_signal_to_wait_ends_it(boxes: Boxes) -> None:
    """`wait` sleeps too, and starts `date`."""
    ends = hammer(boxes(""), wait_has_begun, "wait", [(TERM,), (INT,)])
    assert_prompt(ends, 143, 130)
    assert [end for end in ends if end.code != {TERM: 143, INT: 130}[end.signals[0]]] == []


def test_loop_as_pid_1_ends_with_0(box: Box) -> None:
    """In a container a default action does not exist: what is not caught is lost."""
    unshare = ("unshare", "--pid", "--fork", "--kill-child")
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no permission for a PID namespace")
    box.python("exec sleep 30")
    worst = 0.0
    for number in range(40):
        chance = random.Random(number)
        with box.started("refresh", prefix=unshare) as outer:
            children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
            eventually(lambda path=children: path.read_text().strip() != "")  # type: ignore[misc]
            inner = int(children.read_text())
            eventually(lambda pid=inner: traps_are_set(box, pid))  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.012))
            began = time.monotonic()
            subprocess.run(["kill", "-s", chance.choice(["TERM", "INT"]), str(inner)], check=True)
            assert outer.wait(5) == 0
            worst = max(worst, time.monotonic() - began)
    print(f"as PID 1: 40 runs, worst {worst * 1000:.0f} ms")
    assert worst < LIMIT_SECONDS


@pytest.mark.parametrize("role", ["refresh", "serve"])
def test_python_that_ends_in_order_is_waited_for(box: Box, role: str) -> None:
    """A real interpreter with a handler: its own code is the answer, 0 for both roles."""
    box.python_program(ORDERLY)
    with box.started(role) as process:
        eventually(lambda: _python_has_its_handler(process.pid))
        process.send_signal(TERM)
        assert process.wait(LIMIT_SECONDS) == 0


@pytest.mark.parametrize(("sent", "code"), [(TERM, 143), (INT, 130)])
def test_python_that_answers_143_gets_the_code_of_the_signal(
    box: Box, sent: signal.Signals, code: int
) -> None:
    """INT reaches Python as TERM, since background children ignore INT; sh knows which it was."""
    box.python_program(ORDERLY.replace("exit(0)", "exit(143)"))
    with box.started("signin") as process:
        eventually(lambda: _python_has_its_handler(process.pid))
        process.send_signal(sent)
        assert process.wait(LIMIT_SECONDS) == code


def test_python_s_own_code_survives_a_signal(box: Box) -> None:
    """75 after a TERM stays 75: sh does not take its own interruption for the child's code."""
    box.python_program(ORDERLY.replace("exit(0)", "exit(75)"))
    with box.started("signin") as process:
        eventually(lambda: _python_has_its_handler(process.pid))
        process.send_signal(TERM)
        assert process.wait(LIMIT_SECONDS) == 75


def test_turn_may_hold_term_back_while_a_refresh_token_is_in_flight(box: Box) -> None:
    """Repeated TERM does it no harm, and the loop waits for it."""
    box.python_program(
        "import signal, sys, time, pathlib, os\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path(os.environ['STUB'], 'held').touch()\n"
        "time.sleep(1.5)\n"
        "pathlib.Path(os.environ['STUB'], 'saved').touch()\n"
    )
    with box.started("refresh") as process:
        eventually((box.stub / "held").exists)
        process.send_signal(TERM)
        assert process.wait(5) == 0
        assert (box.stub / "saved").exists()


def test_turn_that_never_lets_go_is_killed_after_12_seconds(box: Box) -> None:
    """More than the 10 s for which TERM may be held back, less than a grace period of 30 s."""
    box.virtual_time()
    box.python("trap '' TERM; : >\"$STUB/held\"; while :; do command -p sleep 0.2; done")
    with box.started("refresh") as process:
        eventually((box.stub / "held").exists)
        process.send_signal(TERM)
        assert process.wait(15) == 0
        eventually(lambda: not group_exists(process.pid))
    waited = sum(float(line.split()[1]) for line in box.log() if line.startswith("pause "))
    assert 12 <= waited <= 12.5


def test_hangup_is_forwarded_as_itself_to_other_roles(box: Box) -> None:
    """`serve` and `exec` decide themselves what HUP means; sh goes on waiting for them."""
    box.python_program(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(4))\n"
        "signal.signal(signal.SIGHUP, lambda *_: sys.exit(3))\n"
        "time.sleep(30)\n"
    )
    with box.started("serve") as process:
        eventually(lambda: _python_has_its_handler(process.pid, HUP))
        process.send_signal(HUP)
        assert process.wait(LIMIT_SECONDS) == 3


def _python_has_its_handler(shell: int, number: signal.Signals = TERM) -> bool:
    """Whether the script's only child is the interpreter and catches `number` (proc(5), SigCgt)."""
    children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
    if len(children) != 1:
        return False
    try:
        if not Path("/proc", children[0], "exe").samefile(sys.executable):
            return False
    except FileNotFoundError:
        return False
    return catches(int(children[0]), number)

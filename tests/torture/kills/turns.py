"""Turns that have their imports behind them, forked off one process: a turn costs 0.1 s and not 0.5.

Started as `python -P turns.py`. Each line of JSON on stdin is one turn; with `held` it stops itself
before its first step, so that a tracer can be attached which then counts from there. For each turn two
lines come back: its process id, and when it has ended its exit code, negative if a signal ended it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import sidecar.composition  # noqa: F401 # all that a turn imports
from sidecar.cli import main


def _become(order: dict[str, Any]) -> None:
    """The streams, the environment and the directory of a process that entrypoint.sh starts."""
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, stream in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, stream)
    os.close(output)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(order["environ"])
    os.chdir("/")


def _serve() -> int:
    orders = os.fdopen(0, "rb", buffering=0)  # a fork takes nothing of it along
    while line := orders.readline():
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order)
            if order["held"]:
                signal.raise_signal(signal.SIGSTOP)
            return main(order["arguments"])
        if order["held"]:
            os.waitpid(pid, os.WUNTRACED)
        os.write(1, f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(_serve())

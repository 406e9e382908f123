"""Runs in a container, with its python3: commands by turns, each as a process whose cost the kernel tells.

Started with one argument, JSON: `commands` (name -> `argv` and `environment` beyond ours) and `runs`. Prints
a line of JSON per process. It imports little: a child's peak is never below what its parent had resident.
"""

import json
import os
import sys
import time


def run(argv: list[str], environment: dict[str, str]) -> dict[str, float]:
    """One process: its CPU and wall in ms, its peak in KiB (getrusage(2)), its exit code."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    began = time.monotonic_ns()
    child = os.posix_spawnp(argv[0], argv, {**os.environ, **environment}, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    return {
        "wall_ms": (time.monotonic_ns() - began) / 1e6,
        "cpu_ms": (used.ru_utime + used.ru_stime) * 1e3,
        "peak_kib": used.ru_maxrss,
        "code": os.waitstatus_to_exitcode(status),
    }


def main() -> None:
    """Each command once per run, in turned order every second time."""
    task = json.loads(sys.argv[1])
    order = list(task["commands"])
    for number in range(task["runs"]):
        for name in order:
            each = task["commands"][name]
            figures = run(each["argv"], each.get("environment", {}))
            print(json.dumps({"name": name, "run": number, **figures}), flush=True)
        order.reverse()


if __name__ == "__main__":
    main()

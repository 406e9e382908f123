"""An exec probe: CPU of what it runs, without what the engine spends on every exec."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress

from tests.bench.rows.running import Impatient, Running
from tests.bench.rows.samples import PROBES_A_DAY, Samples

LOOP = 'while read -r _; do "$@" >/dev/null 2>&1; echo $?; done'
"""Started once in the container by `docker exec`; runs the probe at each line that it is sent. What the loop
itself costs is a fork and some 50 µs; the engine's own process there has ended before the first."""


def probe(running: Running, times: int, samples: Samples) -> None:
    """So many, after one to warm up.

    :raises Impatient: it says that the token is not live
    """
    contender, group = running.contender, running.container.group
    if contender.probe is None:
        return
    command = ["docker", "exec", "--interactive", running.container.name, "sh", "-c", LOOP, "sh"]
    with subprocess.Popen(
        [*command, *contender.probe],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as shell:
        assert shell.stdin is not None
        assert shell.stdout is not None
        costs = []
        try:
            for _ in range(times + 1):
                before = group.cpu_seconds()
                with suppress(BrokenPipeError):  # it has ended, and says nothing
                    shell.stdin.write("\n")
                    shell.stdin.flush()
                code = shell.stdout.readline().strip()
                if code != "0":
                    raise Impatient(f"the probe of {contender.name} left {code or 'nothing'}")
                costs.append((group.cpu_seconds() - before) * 1e3)
        finally:
            with suppress(BrokenPipeError):
                shell.stdin.close()
    samples.add("probe_cpu", contender.name, *costs[1:])
    samples.add("probe_cpu_day", contender.name, *in_a_day(costs[1:]))


def in_a_day(milliseconds: Sequence[float]) -> list[float]:
    """Seconds of a day with a probe every 10 s."""
    return [each * PROBES_A_DAY / 1e3 for each in milliseconds]

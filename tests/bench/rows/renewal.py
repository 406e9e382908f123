"""A renewal asked for by a signal: CPU, peak and requests of the whole container."""

from __future__ import annotations

from tests.bench.kernel import MIB
from tests.bench.rows.authority import Authority
from tests.bench.rows.running import Running
from tests.bench.rows.samples import Samples


def renewal(running: Running, provider: Authority, samples: Samples) -> None:
    """From the signal until the token is published and the container rests. Ours takes a signal once in 10 s,
    and waits with the turn until then: a sleeping shell, whose CPU is in the figure.

    The peaks of processes that end are seen by looking every few milliseconds.

    :raises Impatient: nothing was published
    """
    container, contender = running.container, running.contender
    peaks: dict[int, int] = {}

    def look() -> None:
        for pid, peak in container.group.peaks().items():
            peaks[pid] = max(peak, peaks.get(pid, 0))

    provider.forget_requests()
    before, used = running.published_on(), container.group.cpu_seconds()
    container.signal(contender.renew)
    running.wait_published(before, look=look)
    running.quiet(look=look)
    look()
    samples.add("renewal_cpu", contender.name, (container.group.cpu_seconds() - used) * 1e3)
    samples.add("renewal_peak", contender.name, max(peaks.values()) / MIB)
    samples.add("renewal_requests", contender.name, len(provider.requests()))

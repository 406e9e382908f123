"""`/metrics` for Prometheus: what the files say at this moment, read anew for each scrape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sidecar.core.web import Door, Reply, Request
from sidecar.serve.health import Look
from sidecar.serve.measures import METRICS, PREFIX, Kind, Sample, samples

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

_UNKNOWN_VERSION = re.compile(r"version\s*=(?!(0\.0\.1|0\.0\.4|1\.0\.0)\s*([;,]|$))")
"""The library would fail on some, and claim in its answer to know others."""


def metrics(look: Look, boot: Callable[[], float]) -> Door:
    """`boot` reads the boot clock, by which the heartbeat goes."""

    def answer(request: Request) -> Reply:
        found = look()
        body, content_type = _written(list(samples(found, boot=boot())), request.headers.get("accept", ""))
        return Reply(200, body, content_type)

    return answer


def _written(found: list[Sample], accept: str) -> tuple[bytes, str]:
    """As the library writes it, in the form that the asker takes."""
    # 2 MB that only those need who have their metrics scraped.
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    # None of the library's own: the numbers of this process say nothing about tokens.
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_collector(found))
    encode, content_type = choose_encoder("" if _UNKNOWN_VERSION.search(accept) else accept)
    return encode(registry), content_type


def _collector(found: list[Sample]) -> Collector:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

    class Snapshot(Collector):
        def collect(self) -> Iterator[Metric]:
            for name, meaning in METRICS.items():
                family = CounterMetricFamily if meaning.kind is Kind.COUNTER else GaugeMetricFamily
                made = family(PREFIX + name, meaning.help, labels=meaning.labels)
                for sampled, labels, value in found:
                    if sampled == name:
                        made.add_metric([_writable(label) for label in labels], value)
                yield made

    return Snapshot()


def _writable(label: str) -> str:
    """A damaged file may hold half of a character, which no encoding has."""
    return label.encode(errors="replace").decode()

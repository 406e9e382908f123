"""Samples as Prometheus reads them, by its own library: 3 MB, loaded with the first scrape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from sidecar.serve.measures import METRICS, PREFIX, Kind, Sample

_UNKNOWN_VERSION = re.compile(r"version\s*=(?!(0\.0\.1|0\.0\.4|1\.0\.0)\s*([;,]|$))")
"""The library would fail on some, and claim in its answer to know others."""


def written(samples: Sequence[Sample], accept: str) -> tuple[bytes, str]:
    """Body and content type, in the form that the asker takes."""
    # None of the library's own metrics: the numbers of this process say nothing about tokens.
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(samples))
    encode, content_type = choose_encoder("" if _UNKNOWN_VERSION.search(accept) else accept)
    return encode(registry), content_type


class _Snapshot(Collector):
    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Metric]:
        """Every metric, also those of which there is no sample."""
        for name, meaning in METRICS.items():
            family = CounterMetricFamily if meaning.kind is Kind.COUNTER else GaugeMetricFamily
            made = family(PREFIX + name, meaning.help, labels=meaning.labels)
            for sampled, labels, value in self._samples:
                if sampled == name:
                    made.add_metric([_writable(label) for label in labels], value)
            yield made


def _writable(label: str) -> str:
    """A damaged file may hold half of a character, which no encoding has."""
    return label.encode(errors="replace").decode()

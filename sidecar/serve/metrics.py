"""`/metrics` for Prometheus: what the files say at this moment, read anew for each scrape."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.core.web import Door, Reply, Request
from sidecar.serve.health import Look
from sidecar.serve.measures import samples


def metrics(look: Look, boot: Callable[[], float]) -> Door:
    """`boot` reads the boot clock, by which the heartbeat goes."""

    def answer(request: Request) -> Reply:
        from sidecar.serve.exposition import written  # who is never scraped need not load it

        found = list(samples(look(), boot=boot()))
        body, content_type = written(found, request.headers.get("accept", ""))
        return Reply(200, body, content_type)

    return answer

"""How long one request takes here, with a connection of its own: what no contender can save."""

from __future__ import annotations

import http.client
import ssl
import time
from urllib.parse import urlsplit

from tests.bench.figures import Summary
from tests.bench.limits import STAND_IN

TIMES = 15
PATIENCE_SECONDS = 10


def round_trip(url: str, ca_file: str) -> Summary:
    """Of GET on `url`, in milliseconds; the first is warm-up.

    :raises OSError: nobody answers there
    """
    context = ssl.create_default_context(cafile=ca_file)
    return Summary.of("round_trip", STAND_IN, [_once(url, context) for _ in range(TIMES + 1)][1:])


def _once(url: str, context: ssl.SSLContext) -> float:
    parts = urlsplit(url)
    begun = time.perf_counter()
    connection = http.client.HTTPSConnection(
        str(parts.hostname), parts.port, timeout=PATIENCE_SECONDS, context=context
    )
    try:
        connection.request("GET", parts.path)
        connection.getresponse().read()
    finally:
        connection.close()
    return (time.perf_counter() - begun) * 1000

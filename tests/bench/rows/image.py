"""Size of the images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bench.contender import Contender
from tests.bench.engine import Engine
from tests.bench.figures import Summary


def images(engine: Engine, contenders: Sequence[Contender]) -> Iterator[Summary]:
    """Uncompressed, in 10^6 bytes."""
    for each in contenders:
        yield Summary.of("image", each.name, [engine.image_bytes(each.image) / 1e6])

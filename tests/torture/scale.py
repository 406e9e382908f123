"""How long the suites go on."""

from __future__ import annotations

import os

FACTOR = float(os.environ.get("SIDECAR_TORTURE", "0"))
"""0 within `make test`, 1 for a full `make torture`; a share of that on CI."""


EXPLORES = FACTOR >= 1
"""Whether inputs are drawn anew in every run. A shorter one draws the same each time: what a change is judged
by does not turn on luck, and what exploring finds joins the corpus.
"""


def scaled(bounded: int, full: int) -> int:
    """`bounded` within `make test`; `full`, or the share of it that was asked for, within `make torture`."""
    return max(bounded, round(full * FACTOR))

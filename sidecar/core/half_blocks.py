"""A QR code as text: two modules above each other are one character, and no colour is needed.

Light modules are drawn, dark ones left out, since most terminals and log viewers are dark. Where letters
are dark on white the code is inverted, which readers take as well (ISO/IEC 18004 section 6.2, reflectance
reversal).
"""

from __future__ import annotations

from collections.abc import Sequence

COLUMNS_MAX = 40
QUIET_MODULES = 4
"""ISO/IEC 18004 section 6.3.8; readers do with two."""
QUIET_MODULES_MIN = 2

Matrix = Sequence[Sequence[int]]
"""Rows of modules without a quiet zone; 0 is light."""

_CHARACTERS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def drawn(matrix: Matrix, *, columns: int) -> tuple[str, ...]:
    """Rows of characters of one width, `columns` and 40 at most; none if it does not fit. Every row
    begins and ends with a drawn one, so nothing is lost where blanks at the ends are.
    """
    quiet = min((min(columns, COLUMNS_MAX) - len(matrix)) // 2, QUIET_MODULES)
    if not matrix or quiet < QUIET_MODULES_MIN:
        return ()
    margin = [True] * quiet
    width = len(matrix) + 2 * quiet
    light = [[True] * width] * quiet
    light += [[*margin, *(not module for module in row), *margin] for row in matrix]
    # Their number is odd: one more row of the margin makes whole characters.
    light += [[True] * width] * (quiet + len(matrix) % 2)
    return tuple(
        "".join(_CHARACTERS[pair] for pair in zip(above, below, strict=True))
        for above, below in zip(light[::2], light[1::2], strict=True)
    )

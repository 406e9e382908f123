"""Text of others, for terminals and log lines."""

from __future__ import annotations


def printable(value: object, limit: int) -> str:
    """One line without control characters: provider text reaches terminals and log lines."""
    text = "".join(c if c.isprintable() else " " for c in str(value or ""))
    return " ".join(text.split())[:limit]

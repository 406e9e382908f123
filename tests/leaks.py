"""What must never be printed, and everything that was: compared at the end of the run."""

from __future__ import annotations

from dataclasses import dataclass, field

SHORTEST = 8
"""Shorter strings are no secrets here, and would be found by chance."""


@dataclass
class Leaks:
    """Filled by fixtures. `outputs` maps the name of a test to what its processes printed."""

    secrets: set[str] = field(default_factory=set)
    outputs: dict[str, list[str]] = field(default_factory=dict)

    def issued(self, secrets: set[str]) -> None:
        """Tokens, device codes and keys that exist from now on."""
        self.secrets |= {secret for secret in secrets if len(secret) >= SHORTEST}

    def printed(self, test: str, text: str) -> None:
        """Something that a test or one of its processes wrote."""
        if text:
            self.outputs.setdefault(test, []).append(text)

    def found(self) -> list[str]:
        """The tests that printed a secret. A JWT counts from its payload on: that is where it differs."""
        return sorted(
            test
            for test, texts in self.outputs.items()
            if any(secret in text for text in texts for secret in self.secrets)
        )


@dataclass
class Summary:
    """The figures of one or several processes: what was searched for, and where it was found."""

    secrets: int = 0
    outputs: int = 0
    found: list[str] = field(default_factory=list)

    def add(self, leaks: Leaks) -> None:
        """Search, and count."""
        self.merge(len(leaks.secrets), sum(map(len, leaks.outputs.values())), leaks.found())

    def merge(self, secrets: int, outputs: int, found: list[str]) -> None:
        """Add the figures of a worker."""
        self.secrets += secrets
        self.outputs += outputs
        self.found += found

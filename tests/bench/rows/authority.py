"""What measuring asks of the provider (see `tests.bench.provider`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tests.emulator.journal import Request


class Authority(Protocol):
    """The one provider of a run."""

    def requests(self, kind: str | None = None) -> Sequence[Request]:
        """What arrived since `forget_requests`; `at` is epoch seconds."""
        ...

    def forget_requests(self) -> None:
        """Count from nothing."""
        ...

    def approve_by_itself(self, wanted: bool) -> None:
        """Whether a person is there who approves at once."""
        ...

    def approve(self) -> object:
        """Approve what is open."""
        ...

    def open_codes(self) -> Sequence[str]:
        """What waits for a person."""
        ...

    def latency(self, seconds: float) -> None:
        """Answer so much later; 0 ends it."""
        ...

    def token_life(self, seconds: int) -> None:
        """Of the access tokens from now on."""
        ...

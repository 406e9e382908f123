"""How the emulator behaves; a test may change any of it while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from tests.emulator.grants import REFRESH_TOKEN_LIFE_SECONDS, Rotation


@dataclass
class Policy:
    """All durations are seconds by the emulator's clock."""

    token_life: int = 3600
    """`expires_in` of access tokens; at Entra 60-90 minutes at random."""
    refresh_in: int | None = None
    """Sent with access tokens if set; Entra sends it for lives of two hours and more."""
    code_life: int = 900
    interval: int = 1
    """What clients are told to wait between polls; at Entra 5."""
    enforce_interval: bool = False
    """Answer an earlier poll by `slow_down` (RFC 8628 section 3.5)."""
    approve_after: float | None = None
    """Approve every code by itself when it is that old."""
    user: str = "alice"
    """Who approves, where nobody is named."""
    foreign_users: bool = False
    """Let users of another tenant sign in at a tenant's own authority; the tokens' `tid` is theirs."""
    page_url: str | None = None
    """What the prompt says, where a person's browser reaches the page under another name than clients."""
    block_device_code: bool = False
    """Conditional Access blocks the flow: the page says 53003 and the code stays pending."""
    signin_frequency: float | None = None
    """Conditional Access ends each sign-in when it is that old: refreshes are answered by 70043."""
    tell_session_end: bool = False
    """Send `refresh_token_expires_in`, as Entra does for some kinds of app."""
    rotation: Rotation = "entra"
    refresh_token_life: float = REFRESH_TOKEN_LIFE_SECONDS

    def __post_init__(self) -> None:
        """:raises ValueError: a value that would only show in the middle of a test"""
        if self.rotation not in get_args(Rotation):
            raise ValueError(f"rotation is one of {', '.join(get_args(Rotation))}")
        for name in (
            "token_life",
            "refresh_in",
            "code_life",
            "interval",
            "approve_after",
            "signin_frequency",
        ):
            if not isinstance(getattr(self, name), int | float | None):
                raise ValueError(f"{name} is a number of seconds")

"""The form of the table of Entra's errors: one row is one thing to do."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Action(enum.Enum):
    """What can cure an error. The values are what the log calls them (`cure`)."""

    WAIT = "wait"
    """Nothing is wrong: a person is still at it."""
    RETRY = "retry"
    """It passes by itself."""
    SIGN_IN = "sign in"
    """Whoever signs in, at the next prompt."""
    ADMINISTRATOR = "administrator"
    """An administrator of the tenant; signing in alone does not help."""
    CONFIGURATION = "configuration"
    """A setting of ours, or the app registration."""


class Phase(enum.Enum):
    """Where an error shows."""

    DISCOVERY = "the discovery document"
    DEVICE_CODE = "the request for a device code"
    POLL = "the poll for the sign-in"
    RENEWAL = "the renewal"
    BROWSER = "the person's browser alone"


TENANT_REQUESTS = (Phase.DISCOVERY, Phase.DEVICE_CODE)
TOKENS = (Phase.POLL, Phase.RENEWAL)
"""Wherever a token is asked for."""

CODES = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
DEVICE_FLOW = "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code"
AUTHENTICATION_FLOWS = (
    "https://learn.microsoft.com/entra/identity/conditional-access/concept-authentication-flows"
)


@dataclass(frozen=True)
class Row:
    """AADSTS numbers that the same advice is for; `numbers` says of each what it means.

    `comes_as` is the OAuth `error`, with `/suberror` where one was seen, the likeliest first: what decides.
    `presumed`: no public answer shows it, it is concluded from the class of the number. `unverified` are the
    numbers whose meaning comes from users' reports alone, and from no page of Microsoft's.
    """

    title: str
    numbers: Mapping[int, str]
    cure: Action
    advice: str
    comes_as: tuple[str, ...]
    seen_at: tuple[Phase, ...]
    source: tuple[str, ...] = (CODES,)
    unverified: frozenset[int] = frozenset()
    presumed: bool = False

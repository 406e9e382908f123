"""Who is compared. Each is a container that is driven in the same way:

- Started, it signs in at the provider with the device code flow (the provider approves by itself unless a
  benchmark says otherwise), writes the token to `TOKEN/token`, and stays, renewing as people have it renew.
- `renew` (a signal to PID 1) makes it use its refresh token now, whatever life is left, and write the file
  anew.
- What it keeps for the next start lies in `STATE`; started again with it, it signs in silently.

Whatever is written in `TOKEN` is complete when the file appears or changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

TOKEN, STATE = "/bench/token", "/bench/state"
"""Two directories of the host, mounted into each container, the first one's `token` being the result."""

OURS = "sidecar"
IMPORT_MSAL = "import msal"
"""The reference that is nobody's program: `python3 -c "import msal"` in our image."""


@dataclass(frozen=True)
class Contender:
    """How one is run. The names of `who` in figures are theirs."""

    name: str
    title: str
    """With its version, in tables."""
    image: str
    command: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    """Environment of the container: where the provider is, and its CA."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Files of the host by their path in the container, mounted read-only: the CA."""
    renew: str = "USR1"
    token_file: str = "token"
    """Below `TOKEN`: what changes when a token is published."""
    probe: tuple[str, ...] | None = None
    """What an exec probe would run in the container to know that the token is live, if anything."""
    kind: Literal["ours", "python", "command", "native"] = "python"
    """`python`: an interpreter that stays. `command`: a shell that sleeps between runs of it."""

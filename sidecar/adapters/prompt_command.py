"""Runs the user's command for the prompt and for its end."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping

from sidecar.posix.shell_command import COMMAND_SECONDS, run_command

VARIABLES = {
    "PROMPT_EVENT": "event",
    "PROMPT_URL": "verification_uri",
    "PROMPT_CODE": "user_code",
    "PROMPT_EXPIRES_ON": "expires_on",
    "PROMPT_HOST": "host",
    "PROMPT_PHRASE": "phrase",
    "PROMPT_PURPOSE": "purpose",
    "PROMPT_AWAITED": "awaited",
    "PROMPT_OUTCOME": "outcome",
}
"""What is in the environment beside the record on standard input; empty where the record has nothing."""


class PromptCommand:
    """Called by a courier, in the courier's thread."""

    def __init__(self, command: str, *, environ: Mapping[str, str], seconds: float = COMMAND_SECONDS) -> None:
        self._command = command
        self._environ = dict(environ)
        self._seconds = seconds

    def __call__(self, record: Mapping[str, object], over: threading.Event) -> dict[str, object] | None:
        """Run it with one record; why it has failed, None if it has not."""
        variables = {name: _text(record.get(key)) for name, key in VARIABLES.items()}
        failure = run_command(
            self._command,
            environ={**self._environ, **variables},
            given=json.dumps(record).encode() + b"\n",
            seconds=self._seconds,
            over=over,
        )
        return {"cause": failure} if failure else None


def _text(value: object) -> str:
    return "" if value is None else str(value)

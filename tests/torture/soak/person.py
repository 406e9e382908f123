"""The person who answers prompts: not at once, and not at night."""

from __future__ import annotations

DAY_SECONDS = 20 * 60
NIGHT_SECONDS = 6 * 3600
FIRST_SECONDS = 60
PRESENT_SECONDS = 3600
TYPING_SECONDS = 30


class Person:
    """Notices a prompt 20 minutes after it appeared, one that appeared between 22 and 6 o'clock after six
    hours; then stays for an hour and signs in with whatever code is shown, half a minute after it is.

    The first prompt is expected, and noticed within a minute. `calls` counts how often somebody was called.
    """

    def __init__(self) -> None:
        self.calls = 0
        self._arrives: float | None = None

    def sees(self, now: float) -> None:
        """A code is shown; whoever is called already is not called again."""
        if self._arrives is None:
            self.calls += 1
            self._arrives = now + (FIRST_SECONDS if self.calls == 1 else _delay(now))

    def has_approved(self, shown_on: float, now: float) -> bool:
        """Whether the code that was shown at `shown_on`, and is alive, has been used by `now`."""
        if self._arrives is None:
            return False
        while now >= self._arrives + PRESENT_SECONDS:
            left = self._arrives + PRESENT_SECONDS
            self._arrives = left + _delay(left)
        return now >= max(self._arrives, shown_on + TYPING_SECONDS)

    def is_done(self) -> None:
        """The sign-in worked."""
        self._arrives = None


def _delay(now: float) -> int:
    hour = now % 86400 / 3600
    return DAY_SECONDS if 6 <= hour < 22 else NIGHT_SECONDS

"""Makes the prompt and its end Events about the pod that we run in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from sidecar.core.kubernetes.names import Pod
from sidecar.core.kubernetes.objects import ClusterApi
from sidecar.core.kubernetes.prompt_event import event_of
from sidecar.errors import ClusterBusy, NotKept, SidecarError


@dataclass(frozen=True)
class Patience:
    """How often an Event is tried, for a minute in all, and the seconds between; a server that asks for more
    than the longest pause does without.
    """

    tries: int = 7
    first_pause: float = 1.0
    longest_pause: float = 30.0


class _GivenUp(Exception):
    """The role ends."""


class PromptEvent:
    """Called by a courier, in the courier's thread. `api` makes a client of its own there, with the first
    record: most turns prompt nobody, and need not load one.
    """

    def __init__(self, pod: Pod, *, api: Callable[[], ClusterApi], patience: Patience | None = None) -> None:
        self._pod = pod
        self._make = api
        self._made: ClusterApi | None = None
        self._patience = patience or Patience()

    def __call__(self, record: Mapping[str, object], over: threading.Event) -> dict[str, object] | None:
        """Create one Event; why it could not be, None if it was."""

        def rest(seconds: float) -> None:
            if over.wait(seconds):
                raise _GivenUp

        tries = Retrying(
            retry=retry_if_exception(self._may_pass),
            stop=stop_after_attempt(self._patience.tries),
            wait=self._pause,
            sleep=rest,
            reraise=True,
        )
        try:
            tries(self._create, record)
        except _GivenUp:
            return {"cause": "given up"}
        except SidecarError as error:
            told = {"cause": error.message, "tries": tries.statistics["attempt_number"]}
            return told | ({"advice": error.advice} if error.advice else {})
        return None

    def _create(self, record: Mapping[str, object]) -> None:
        if self._made is None:
            self._made = self._make()
        self._made.create_event(event_of(record, self._pod))

    def _may_pass(self, error: BaseException) -> bool:
        return (
            _asked(error) <= self._patience.longest_pause and isinstance(error, NotKept) and error.retryable
        )

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        patience = self._patience
        return max(wait_exponential(patience.first_pause, patience.longest_pause)(state), _asked(error))


def _asked(error: BaseException | None) -> int:
    """What the server asks for. What the class says is for turns: a person waits for this."""
    if isinstance(error, ClusterBusy) and error.pause_seconds != ClusterBusy.pause_seconds:
        return error.pause_seconds
    return 0

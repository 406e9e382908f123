"""Trying again inside a turn; between turns `sidecar.core.schedule` decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from sidecar.errors import AuthorityBusy, NotKept, SidecarError

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

PATIENCE_SECONDS = 10
"""A server that asks for a longer pause is left to the schedule."""

WRITE_PAUSES_SECONDS = (0.2, 0.4)


def worth_another_try(error: BaseException) -> bool:
    """Whether the same request may well succeed some seconds later. Where nothing can be kept, or others
    are at work, the turn ends: whoever comes back looks first at what has become of the refresh token.
    """
    if isinstance(error, NotKept):
        return False
    if isinstance(error, AuthorityBusy) and (error.retry_after or 0) > PATIENCE_SECONDS:
        return False
    return isinstance(error, SidecarError) and error.retryable


def persistently(
    call: Callable[[], T],
    *,
    attempts: int,
    rest: Callable[[float], None],
    before_retry: Callable[[BaseException, float], None] = lambda _error, _pause: None,
) -> T:
    """Call up to `attempts` times, 2 s, 4 s, 8 s … apart, as long as another try is worth it.

    :raises SidecarError: the last failure
    """
    try:
        return call()
    except Exception as error:
        if attempts < 2 or not worth_another_try(error):
            raise
        failure, again = error, _after(error, call)

    try:
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential
    except (ImportError, OSError):  # no file can be opened: the failure is the schedule's then
        raise failure from None

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, AuthorityBusy) else None
        return max(wait_exponential(multiplier=2, max=15)(state), asked or 0)

    def report(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            before_retry(error, state.upcoming_sleep)

    return Retrying(
        retry=retry_if_exception(worth_another_try),
        stop=stop_after_attempt(attempts),
        wait=wait,
        sleep=rest,
        before_sleep=report,
        reraise=True,
    )(again)


def stubbornly(write: Callable[[], None], *, sleep: Callable[[float], None]) -> None:
    """A write that must not be lost, such as of a refresh token whose predecessor is spent: tried three
    times within a second, for a full or flickering volume may have room again.

    Not with tenacity: what the write lacks, such as file descriptors, its import would lack as well.

    :raises OSError: the last failure
    """
    for pause in WRITE_PAUSES_SECONDS:
        try:
            write()
            return
        except OSError:
            sleep(pause)
    write()


def _after(failure: Exception, call: Callable[[], T]) -> Callable[[], T]:
    """What fails once more as it has, and then calls: tenacity, which is loaded for what fails alone, counts
    and waits as if it had been there.
    """
    failures = [failure]

    def replayed() -> T:
        if failures:
            raise failures.pop()
        return call()

    return replayed

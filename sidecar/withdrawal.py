"""However a sign-in ends, whoever was shown its prompt is told that nobody has to act on it any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sidecar.adapters.prompt import PromptBoard
from sidecar.core.prompt import Outcome
from sidecar.errors import LeaseHeld, SigninDeclined, SigninTimedOut
from sidecar.posix.interrupts import Interrupted, Interrupts


@contextmanager
def withdrawn_at_the_end(board: PromptBoard, interrupts: Interrupts) -> Iterator[None]:
    """Around a whole sign-in. What is already withdrawn is not withdrawn again."""
    try:
        try:
            yield
        except BaseException as error:
            with interrupts.held():
                board.withdraw(_outcome(error))
            raise
    except Interrupted:
        board.withdraw(Outcome.CANCELLED)
        raise


def _outcome(error: BaseException) -> Outcome:
    match error:
        case Interrupted() | LeaseHeld():
            return Outcome.CANCELLED
        case SigninDeclined():
            return Outcome.DECLINED
        case SigninTimedOut():
            return Outcome.TIMED_OUT
        case _:
            return Outcome.FAILED

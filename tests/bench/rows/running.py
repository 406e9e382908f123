"""A contender's container with its directories, and waiting for what it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from tests.bench.contender import Contender
from tests.bench.engine import Container, Engine, EngineError, Place

PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.004
QUIET_SECONDS = 0.4
QUIET_CPU_SECONDS = 0.0005
T = TypeVar("T")


class Impatient(EngineError):
    """What a container should have done did not happen."""


def eventually(
    see: Callable[[], T], what: str, *, seconds: float = PATIENCE_SECONDS, pause: float = LOOK_SECONDS
) -> T:
    """The first true answer.

    :raises Impatient: none in time
    """
    until = time.monotonic() + seconds
    while not (seen := see()):
        if time.monotonic() > until:
            raise Impatient(f"not within {seconds:g} s: {what}")
        time.sleep(pause)
    return seen


class Running:
    """One contender, started; `place` is new unless one is given."""

    def __init__(
        self,
        engine: Engine,
        contender: Contender,
        place: Place | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.contender = contender
        self.place = engine.place() if place is None else place
        self._engine = engine
        self.container = Container(engine.start(contender, self.place, settings=settings))

    def published_on(self) -> float:
        """Epoch seconds by the kernel's clock of what apps read; 0 as long as nothing is there.

        It is a file or a link that was renamed into its place: ctime is when that was done, where mtime is
        when it was written.
        """
        try:
            return (self.place.token / self.contender.token_file).lstat().st_ctime
        except FileNotFoundError:
            return 0.0

    def wait_published(self, after: float = 0.0, *, look: Callable[[], object] = lambda: None) -> float:
        """When it published something later than `after`; `look` is called meanwhile.

        :raises Impatient: it did not, or it ended
        """

        def published() -> float:
            if not self.container.runs():
                raise Impatient(f"{self.contender.name} ended: {self.container.logs()[-2000:]}")
            look()
            on = self.published_on()
            return on if on > after else 0.0

        try:
            return eventually(published, f"a token of {self.contender.name}")
        except Impatient as error:
            raise Impatient(f"{error}\n{self.container.logs()[-2000:]}") from None

    def quiet(self, *, look: Callable[[], object] = lambda: None) -> None:
        """Wait until it has used no CPU for a while.

        :raises Impatient: it never rests
        """

        def rests() -> bool:
            used, until = self.container.group.cpu_seconds(), time.monotonic() + QUIET_SECONDS
            while time.monotonic() < until:
                look()
                time.sleep(LOOK_SECONDS)
            return self.container.group.cpu_seconds() - used < QUIET_CPU_SECONDS

        eventually(rests, f"{self.contender.name} to rest")

    def sign_in(self) -> None:
        """Wait until it has done so, with a provider that approves by itself, and rests."""
        self.wait_published()
        self.quiet()

    def remove(self) -> None:
        """Its directories stay until the engine is closed."""
        self._engine.remove(self.container.name)

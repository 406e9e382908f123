"""Started again with a cached sign-in and an empty token directory: how soon apps have a token."""

from __future__ import annotations

from tests.bench.engine import Engine
from tests.bench.rows.authority import Authority
from tests.bench.rows.running import Running
from tests.bench.rows.samples import Samples, tell


def restart(engine: Engine, running: Running, provider: Authority, samples: Samples) -> None:
    """From the container's start, as the engine tells it, until the publication. Who asks a person instead
    has no row, and a note says so.

    :raises Impatient: neither a token nor a prompt
    """
    contender = running.contender
    running.container.stop()
    running.place.empty_token()
    provider.approve_by_itself(False)
    try:
        running.container.start_again()
        provider.forget_requests()
        running.wait_published(look=_Prompted(provider))
    except NotSilent:
        engine.note(f"{contender.title}: started again, it asks a person to sign in; no row for `restart`")
        tell(f"{contender.name}: started again, it asks a person")
        return
    finally:
        provider.approve_by_itself(True)
    samples.add("restart", contender.name, (running.published_on() - running.container.started_on) * 1e3)


class NotSilent(Exception):
    """It wants a person."""


class _Prompted:
    """Looks at the provider's open codes, though not each time that it is called."""

    def __init__(self, provider: Authority, every: int = 50) -> None:
        self._provider, self._every, self._called = provider, every, 0

    def __call__(self) -> None:
        self._called += 1
        if self._called % self._every == 0 and self._provider.open_codes():
            raise NotSilent

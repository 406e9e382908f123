"""Started again with a cached sign-in and an empty token directory: how soon apps have a token."""

from __future__ import annotations

from tests.bench.engine import Engine
from tests.bench.rows.approval import close_prompts
from tests.bench.rows.authority import Authority
from tests.bench.rows.running import Running, eventually
from tests.bench.rows.samples import Samples


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
        prompted = _Prompted(provider)
        eventually(lambda: running.published_on() or prompted(), f"a token of {contender.name}, or a prompt")
        running.container.look()
    finally:
        provider.approve_by_itself(True)
    published = running.published_on()
    if published:
        samples.add("restart", contender.name, (published - running.container.started_on) * 1e3)
    else:
        close_prompts(provider)
        engine.note(f"{contender.title}: started again, it asks a person to sign in; no row for `restart`")


class _Prompted:
    """Whether a code is open, asked of the provider about once in a second: asking takes CPU."""

    def __init__(self, provider: Authority, every: int = 200) -> None:
        self._provider, self._every, self._called = provider, every, 0

    def __call__(self) -> bool:
        self._called += 1
        return self._called % self._every == 0 and bool(self._provider.open_codes())

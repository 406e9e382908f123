"""From the poll that is answered with tokens until they are published."""

from __future__ import annotations

from tests.bench.contender import Contender
from tests.bench.engine import Engine
from tests.bench.rows.authority import Authority
from tests.bench.rows.running import Running, eventually
from tests.bench.rows.samples import Samples


def approval(engine: Engine, provider: Authority, contender: Contender, samples: Samples) -> Running:
    """Sign in, a person approving as soon as there is a code; what signed in.

    :raises Impatient: it did not sign in
    """
    provider.approve_by_itself(False)
    close_prompts(provider)
    provider.forget_requests()
    running = Running(engine, contender)
    try:
        eventually(provider.open_codes, f"a code of {contender.name}", pause=0.05)
        provider.approve()
        published = running.wait_published()
        running.quiet()
    finally:
        provider.approve_by_itself(True)
    granted = [each.at for each in provider.requests("token") if each.status == 200]
    if granted:
        # The clock of files is coarse: a tick of the kernel's may seem to be before the request.
        samples.add("approval", contender.name, max(published - granted[0], 0.0) * 1e3)
    else:
        engine.note(f"{contender.title}: the provider does not see which of its polls brings the tokens")
    return running


def close_prompts(provider: Authority) -> None:
    """Those of containers that have gone, lest the next one's is taken for theirs."""
    if provider.open_codes():
        provider.approve()

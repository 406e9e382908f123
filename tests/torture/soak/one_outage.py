"""A pod that lives through one outage, watched second by second."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sidecar.core.plan import Policy
from tests.torture.soak.budget import RETRY_SECONDS
from tests.torture.soak.faults import Fault, Outage, Outages
from tests.torture.soak.ours import Pod
from tests.torture.soak.provider import Lives, Provider
from tests.torture.soak.reader import Reader, token_file
from tests.torture.soak.virtual_time import BEGIN, WatchedClock

AFTERWARDS_SECONDS = RETRY_SECONDS + 60


@dataclass
class Story:
    """What came of it. Instants are seconds after the beginning, None where it never happened; `prompts`
    and `calls` are those after the sign-in.
    """

    reads: int
    bad: int
    first_bad_on: float | None
    red_on: float | None
    green_at_the_end: bool
    first_call_after_signin: float
    granted_after: float | None
    prompts: int
    calls: int


def live_through(
    policy: Policy, life_seconds: int, outage: Outage | None, *, until: float | None = None
) -> Story:
    """Sign in, and live until a while after the outage, or until `until`."""
    clock = WatchedClock(every=1)
    provider = Provider(clock, Outages(()), Lives(0, life_seconds, life_seconds))
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        pod = Pod(Path(folder), clock, provider, policy)
        reader = Reader(clock, provider, token_file(pod.token_path / "token"))
        pod.sign_in()
        if outage is not None:
            provider.faults = Outages((outage,))
            until = outage.end + AFTERWARDS_SECONDS
        assert until is not None
        story = Story(0, 0, None, None, False, 0.0, None, 0, 0)

        def look() -> None:
            reader.look()
            if story.red_on is None and not pod.ready():
                story.red_on = clock.wall - BEGIN
            granted_on = (provider.granted_on or 0) - BEGIN
            if outage and story.granted_after is None and granted_on >= outage.end:
                story.granted_after = granted_on
            if provider.calls and not story.first_call_after_signin:
                story.first_call_after_signin = provider.called_on - BEGIN

        clock.look = look
        pod.live(until - (clock.wall - BEGIN))
        story.reads, story.bad = reader.reads, reader.bad
        story.first_bad_on = None if reader.first_bad_on is None else reader.first_bad_on - BEGIN
        story.green_at_the_end = pod.ready()
        story.prompts, story.calls = provider.codes, provider.calls
        return story


@cache
def worst_moment(policy: Policy, life_seconds: int) -> float:
    """The instant of the first renewal, as a rehearsal without an outage finds it: an outage that begins
    here costs that renewal too.
    """
    return live_through(policy, life_seconds, None, until=life_seconds).first_call_after_signin


def outage_at(begin: float, seconds: float, fault: Fault) -> Outage:
    """An outage by its length."""
    return Outage(begin, begin + seconds, fault)

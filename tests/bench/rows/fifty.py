"""Fifty audiences in one turn, with a provider that is far away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.bench.contender import OURS, Contender
from tests.bench.engine import Engine, Place
from tests.bench.figures import Summary
from tests.bench.rows.authority import Authority
from tests.bench.rows.metered import TURN, WITH_CODE, metered
from tests.bench.rows.plan import Plan
from tests.bench.rows.running import Running
from tests.bench.rows.samples import Samples, tell

LATENCY_SECONDS = 0.1
TOKEN, STATE = "/bench/fifty-token", "/bench/fifty-state"
FURTHER = " ".join(
    f"t{number:02}=https://graph.microsoft.com/Permission.{number:02}" for number in range(1, 50)
)
"""Forty-nine named tokens beside the unnamed one."""

SCOPES = "SCOPES"
"""The plain loop's setting: a token for each, in files that are numbered from the second on."""

COMMANDS: dict[str, dict[str, Any]] = {
    "one": {"argv": TURN, "environment": WITH_CODE},
    "fifty": {
        "argv": TURN,
        "environment": {
            **WITH_CODE,
            "SIDECAR_TOKENS": FURTHER,
            "SIDECAR_TOKEN_DIR": TOKEN,
            "SIDECAR_STATE_DIR": STATE,
        },
    },
}


def fifty_tokens(
    engine: Engine, provider: Authority, ours: Contender, place: Place, plan: Plan
) -> Iterator[Summary]:
    """What it takes longer than one, by the wall, pair by pair, each with directories of its own. `place` has
    a sign-in.

    :raises EngineError: a turn failed
    """
    tell("fifty tokens")
    fifty = engine.copy(place)
    provider.latency(LATENCY_SECONDS)
    try:
        mounts = {TOKEN: fifty.token, STATE: fifty.state}
        found = metered(engine, ours, place, COMMANDS, plan.fifties, mounts=mounts)
    finally:
        provider.latency(0)
    samples = Samples()
    pairs = zip(found["fifty"], found["one"], strict=True)
    samples.add("fifty_tokens", OURS, *(long["wall_ms"] - short["wall_ms"] for long, short in pairs))
    yield from samples.summaries()


def fifty_in_a_loop(engine: Engine, provider: Authority, msal: Contender, plan: Plan) -> Iterator[Summary]:
    """The same of the plain loop, which renews one after another: from the signal to the last publication.

    :raises Impatient: it did not sign in, or did not renew
    """
    tell("fifty tokens in a plain loop")
    scopes = [msal.settings[SCOPES], *(each.partition("=")[2] for each in FURTHER.split())]
    many = replace(
        msal, settings={**msal.settings, SCOPES: " ".join(scopes)}, token_file=f"token{len(scopes) - 1}"
    )
    running: list[Running] = []
    samples = Samples()
    try:
        for contender in (msal, many):
            running.append(Running(engine, contender))
            running[-1].sign_in()
        provider.latency(LATENCY_SECONDS)
        for number in range(plan.fifties + 1):
            one, fifty = [_seconds(each) for each in running]
            if number:
                samples.add("fifty_tokens", msal.name, (fifty - one) * 1e3)
    finally:
        provider.latency(0)
        for each in running:
            each.remove()
    yield from samples.summaries()


def _seconds(running: Running) -> float:
    before, began = running.published_on(), time.time()
    running.container.signal(running.contender.renew)
    return running.wait_published(before) - began

"""Fifty audiences in one turn, with a provider that is far away."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.contender import OURS, Contender
from tests.bench.engine import Engine
from tests.bench.figures import Summary
from tests.bench.rows.authority import Authority
from tests.bench.rows.metered import TURN, WITH_CODE, metered, signed_in
from tests.bench.rows.plan import Plan
from tests.bench.rows.samples import Samples, tell

LATENCY_SECONDS = 0.1
TOKEN, STATE = "/bench/fifty-token", "/bench/fifty-state"
FURTHER = " ".join(
    f"t{number:02}=https://graph.microsoft.com/Permission.{number:02}" for number in range(1, 50)
)
"""Forty-nine named tokens beside the unnamed one."""

COMMANDS = {
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


def fifty_tokens(engine: Engine, provider: Authority, ours: Contender, plan: Plan) -> Iterator[Summary]:
    """What it takes longer than one, by the wall, pair by pair. Each has its own sign-in and directories.

    :raises Impatient: ours did not sign in
    :raises EngineError: a turn failed
    """
    tell("fifty tokens")
    provider.token_life(plan.token_life_seconds)
    one, fifty = signed_in(engine, ours), signed_in(engine, ours)
    provider.latency(LATENCY_SECONDS)
    try:
        found = metered(
            engine, ours, one, COMMANDS, plan.fifties, mounts={TOKEN: fifty.token, STATE: fifty.state}
        )
    finally:
        provider.latency(0)
    samples = Samples()
    pairs = zip(found["fifty"], found["one"], strict=True)
    samples.add("fifty_tokens", OURS, *(long["wall_ms"] - short["wall_ms"] for long, short in pairs))
    yield from samples.summaries()

"""A turn on demand, as `serve` has it done."""

from __future__ import annotations

from dataclasses import replace

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.adapters.token_cache import TokenCache
from sidecar.adapters.token_dir import Access
from sidecar.addition import Addition
from sidecar.core.account import Admission
from sidecar.core.demand import name_for, scopes_of
from sidecar.core.token import Labels, Wanted
from sidecar.errors import SidecarError
from sidecar.ledger import Ledger
from sidecar.on_demand import OnDemand
from sidecar.posix.interrupts import Interrupts
from sidecar.remembrance import remembered
from sidecar.renewal import Renewal
from tests.life.bench import Bench
from tests.life.doubles import QuietHeart, Volume


def ask(
    bench: Bench,
    resource: str,
    *,
    configured: Wanted | None = None,
    cache: TokenCache | None = None,
    admission: Admission | None = None,
    access: Access | None = None,
) -> SidecarError | None:
    """Run it; the error it ended with. It knows no formats and no templates; `configured`, `cache`,
    `admission` and `access` are settings of `serve` where they are other ones than the loop's. What it got is
    kept fresh by the loop from then on.
    """
    known = bench.rules.configured if configured is None else configured
    name, scopes = name_for(resource, known), scopes_of(resource)
    rules = replace(
        bench.rules,
        wanted={name: scopes},
        demanded=frozenset({name}),
        admission=admission or bench.rules.admission,
    )

    def keep() -> None:
        if name not in known:
            wanted = {**bench.rules.wanted, name: scopes}
            bench.rules = replace(bench.rules, wanted=wanted, demanded=bench.rules.demanded | {name})

    log = Log(format=bench.log_format, level="debug", stream=bench.output)
    state, heart = StateDirectory(bench.state_path), QuietHeart(bench.state_path / "hb", bench.clock)
    interrupts = Interrupts()
    custody = Addition(
        cache=cache or bench.cache,
        token_dir=Volume(bench.token_path, access or Access(), full=lambda: bench.full),
        state=state,
        wanted=rules.wanted,
        labels=Labels(client_id="client", entra=True),
        clock=bench.clock,
        interrupts=interrupts,
        log=log,
        published=bench.tell_apps,
        elsewhere=bench.elsewhere(log),
    )
    turn = OnDemand(
        rules=rules,
        custody=custody,
        renewal=Renewal(
            authority=bench.authority,
            custody=custody,
            heart=heart,
            interrupts=interrupts,
            wanted=rules.wanted,
            admission=rules.admission,
            log=log,
        ),
        ledger=Ledger(clock=bench.clock, log=log),
        state=state,
        clock=bench.clock,
        keep=keep,
    )
    with state.locked(heart), remembered(state, log, bench.clock):
        try:
            turn.run()
        except SidecarError as error:
            return error
    return None

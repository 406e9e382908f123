"""Builds a turn from settings: which part gets which, and nothing else.

What most turns never use is imported where it is asked for: a turn is a process, and pays for each module.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from sidecar import telling
from sidecar.adapters.demands import Demands
from sidecar.adapters.discovery import DiscoveryStore
from sidecar.adapters.entra import Entra
from sidecar.adapters.http import HttpClient
from sidecar.adapters.log import Log
from sidecar.adapters.sealing import Sealer, read_keys
from sidecar.adapters.token_cache import TokenCache
from sidecar.core import demand as on_demand
from sidecar.core.schedule import spread_of
from sidecar.core.token import Labels
from sidecar.custody import Custody
from sidecar.elsewhere import Elsewhere, Nowhere
from sidecar.errors import SidecarError, StillAtWork
from sidecar.further_files import FurtherFiles, templates_in
from sidecar.groundwork import api_server, directories, keys_in_secrets, rules_of, same_state
from sidecar.kubernetes.patience import patiently
from sidecar.ledger import Ledger
from sidecar.posix.clock import SystemClock
from sidecar.posix.directories import cannot_write
from sidecar.posix.heart import Heart
from sidecar.posix.interrupts import Interrupted, Interrupts
from sidecar.posix.secrecy import proof_of_privacy
from sidecar.remembrance import remembered
from sidecar.renewal import SIDE_BY_SIDE, Renewal
from sidecar.role import REFRESH, SIGNIN
from sidecar.settings import Settings
from sidecar.turn import Turn

if TYPE_CHECKING:
    from sidecar.signin import DeviceSignin

DEMAND_PATIENCE_SECONDS = 15
"""Somebody waits for the answer."""


def run_turn(
    settings: Settings,
    *,
    role: str,
    at_once: bool,
    first: bool,
    interrupts: Interrupts,
    log: Log,
    host: str,
    environ: Mapping[str, str],
    demand: str | None = None,
) -> None:
    """Prepare the directories, wait for the lock, and run one turn. `first` of a loop, or the only one: it
    says how it is known that the state is private. `environ` is for the user's commands. `demand` is a
    resource that SIDECAR_ON_DEMAND allows: the turn is about its token alone.

    :raises SidecarError: it is in the log already
    """
    clock = SystemClock()
    # Pods of a StatefulSet have the same names in every namespace, which SIDECAR_PROMPT_FROM tells apart.
    spread = spread_of(f"{settings.prompt_from or ''} {host}")
    ledger = Ledger(clock=clock, log=log, spread=spread)
    try:
        token_dir, state = directories(settings)
        if first:
            proof = proof_of_privacy(state.path, group=settings.token_group)
            log.event("state.private", path=str(state.path), proof=proof)
        configured = settings.wanted
        templates = templates_in(
            settings.template_dir, configured, first=first, keys=keys_in_secrets(settings)
        )
        taken = {**dict.fromkeys((*templates.sound, *templates.refused), ()), **configured}
        # The loop's sign of life is the loop's alone.
        heart = Heart(state.path / "heartbeat.demand" if demand else state.heartbeat_file, clock)
        heart.beat()
        demands = Demands(state.path)
        asked = on_demand.name_for(demand, taken) if demand else None
        sealer = Sealer(read_keys(settings.cache_key_file) if settings.cache_key_file else ())
        http = HttpClient(
            documents=DiscoveryStore(state.discovery_file, clock.now),
            ca_file=settings.ca_file,
            heard_time=ledger.compare_clock,
        )
        server = api_server(settings, environ)
        faces = telling.faces(
            settings, environ=environ, opener=http.opener, clock=clock, log=log, server=server
        )
    except SidecarError as error:
        log.failure(f"{role}.failed", error, level="error")
        raise
    except OSError as error:
        failure = cannot_write(error, setting="SIDECAR_STATE_DIR", path=settings.state_dir)
        log.failure(f"{role}.failed", failure, level="error")
        raise failure from error
    authority = settings.authority
    kept = TokenCache(state.cache_file, seal=sealer, client_id=settings.client_id, authority=authority.url)
    elsewhere: Elsewhere = Nowhere()
    if server is not None:
        elsewhere = server.elsewhere(
            settings,
            state=state,
            look=kept.look,
            host=host,
            tells=role == REFRESH.name and demand is None,
            clock=clock,
            heart=heart,
            interrupts=interrupts,
            log=log,
        )
    entra = Entra(
        authority=authority,
        client_id=settings.client_id,
        cache=kept.msal_cache,
        transport=http,
        clocks=clock.anchor,
    )
    announcement = telling.announcement(settings, role=role, environ=environ, log=log)
    files = FurtherFiles(
        settings.formats, templates, token_dir=token_dir, kept=state.path / "templates", log=log
    )

    @cache
    def signin() -> DeviceSignin:
        from sidecar.asking import device_signin

        return device_signin(
            settings,
            authority=entra,
            state=state,
            faces=faces,
            host=host,
            clock=clock,
            heart=heart,
            interrupts=interrupts,
            log=log,
        )

    def work() -> None:
        """Under the lock: what is asked for meanwhile is in it."""
        if demand and asked is not None:
            further = {asked: configured.get(asked) or on_demand.scopes_of(demand)}
        else:
            further = on_demand.demanded(demands.current(settings.on_demand), taken)
        wanted = further if asked is not None else {**configured, **further}
        rules = rules_of(settings, spread=spread, wanted=wanted, demanded=frozenset(further))
        kind: type[Custody] = Custody
        if asked is not None:
            from sidecar.addition import Addition

            kind = Addition
        custody = kind(
            cache=kept,
            token_dir=token_dir,
            state=state,
            wanted=rules.wanted,
            labels=Labels(client_id=settings.client_id, entra=not authority.oidc),
            clock=clock,
            interrupts=interrupts,
            log=log,
            further=files,
            published=announcement.published,
            unprobed=rules.demanded,
            elsewhere=elsewhere,
        )
        renewal = Renewal(
            authority=entra,
            custody=custody,
            heart=heart,
            interrupts=interrupts,
            wanted=rules.wanted,
            admission=rules.admission,
            log=log,
            width=1 if authority.oidc else SIDE_BY_SIDE,
        )
        if demand:
            from sidecar.on_demand import OnDemand

            OnDemand(
                rules=rules,
                custody=custody,
                renewal=renewal,
                ledger=ledger,
                state=state,
                clock=clock,
                keep=lambda: None if asked in configured else demands.add(demand),
            ).run()
            return
        turn = Turn(
            role=SIGNIN if role == SIGNIN.name else REFRESH,
            rules=rules,
            custody=custody,
            renewal=renewal,
            signin=signin,
            authority=entra,
            ledger=ledger,
            state=state,
            clock=clock,
            log=log,
        )
        try:
            turn.run(at_once=at_once)
        finally:
            files.tell()

    patience = telling.FACE_SECONDS
    try:
        with (
            state.locked(
                heart,
                waiting=lambda: log.event("lock.waiting", path=str(state.path)),
                patience_seconds=DEMAND_PATIENCE_SECONDS if demand else math.inf,
            ),
            remembered(state, log, clock),
        ):
            same_state(settings, state, demanded=demand is not None, log=log)
            if demand is None and not settings.publish_secret:
                state.forget_copies()
            patiently(work, elsewhere, heart, seconds=settings.signin_timeout if role == SIGNIN.name else 0)
    except Interrupted:
        patience = telling.STOPPED_SECONDS
        raise
    except StillAtWork as error:
        log.failure(f"{role}.failed", error)
        raise
    except OSError as error:
        failure = cannot_write(error, setting="SIDECAR_STATE_DIR", path=state.path)
        log.failure(f"{role}.failed", failure, level="error")
        raise failure from error
    finally:
        heart.stop()
        telling.finish(faces, patience)
    if role == SIGNIN.name:
        announcement.finish(telling.COMMAND_SECONDS)

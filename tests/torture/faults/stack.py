"""The whole product in virtual time: real requests over TLS to the stand-in, real files, no real waiting."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import time_machine

from sidecar.adapters.discovery import DiscoveryStore
from sidecar.adapters.entra import Entra
from sidecar.adapters.http import HttpClient
from sidecar.adapters.log import Log
from sidecar.adapters.prompt import PromptBoard
from sidecar.adapters.sealing import Sealer
from sidecar.adapters.state_dir import StateDirectory
from sidecar.adapters.token_cache import TokenCache
from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.core.account import Admission
from sidecar.core.grant import Authority
from sidecar.core.plan import Policy
from sidecar.core.signin_terms import SigninTerms
from sidecar.core.token import Labels
from sidecar.custody import Custody
from sidecar.errors import SidecarError
from sidecar.ledger import Ledger
from sidecar.posix.interrupts import Interrupts
from sidecar.renewal import Renewal
from sidecar.role import REFRESH, SIGNIN, Role, Rules
from sidecar.signin import DeviceSignin
from sidecar.turn import Turn
from tests.emulator import Emulator
from tests.life.doubles import QuietHeart, VirtualClock
from tests.torture.faults.road import Named, Road

GRAPH = "https://graph.microsoft.com/.default"
WANTED = {"": (GRAPH,)}
FINAL = (64, 77, 78)
"""The codes after which entrypoint.sh does not go on; the platform starts it again."""
RESTART_FIRST_SECONDS, RESTART_MAX_SECONDS = 10, 300


class PacedClock(VirtualClock):
    """Sleeping moves the time of everything in this process: MSAL's, the product's and the stand-in's."""

    def __init__(self, traveller: time_machine.Traveller, wall: float) -> None:
        super().__init__(wall)
        self._traveller = traveller

    def sleep(self, seconds: float) -> None:
        """Takes no time at all."""
        super().sleep(seconds)
        self._traveller.move_to(self.wall)


@dataclass
class Stack:
    """One pod before one authority. Every turn is built anew from what lies in its two directories."""

    folder: Path
    entra: Emulator
    road: Road
    clock: VirtualClock
    ca_file: Path
    request_seconds: float
    log_format: str = "json"
    timeout_seconds: int = 3600
    output: io.StringIO = field(default_factory=io.StringIO)
    ends: list[int] = field(default_factory=list)
    """What the role `refresh` ended each turn with."""
    restarts: int = 0

    def __post_init__(self) -> None:
        self.token_path, self.state_path = self.folder / "tokens", self.folder / "private"
        self.token_path.mkdir()
        self.state_path.mkdir(mode=0o700)

    @property
    def authority(self) -> Authority:
        """The tenant of the stand-in."""
        return Authority(f"{self.entra.authority_host}/{self.entra.tenant_id}")

    def http(self) -> HttpClient:
        """The product's, with less patience."""
        return HttpClient(
            documents=DiscoveryStore(self.state_path / "discovery.json", self.clock.now),
            ca_file=self.ca_file,
            timeout_seconds=self.request_seconds,
        )

    def learn_endpoints(self) -> None:
        """Keep the discovery document, as an earlier turn would have."""
        self.road.kind = "discovery"
        self.http().get(f"{self.authority.url}/v2.0/.well-known/openid-configuration")

    def turn(self, role: Role = REFRESH) -> SidecarError | None:
        """Run one turn; the error it ended with, None if it ended well."""
        log = Log(format=self.log_format, level="debug", stream=self.output)
        state = StateDirectory(self.state_path)
        heart = QuietHeart(state.heartbeat_file, self.clock)
        with state.locked(heart):
            try:
                self._made(role, log, state, heart).run()
            except SidecarError as error:
                return error
        return None

    def signin(self) -> int:
        """Run the role `signin`; its exit code."""
        error = self.turn(SIGNIN)
        return error.exit_code if error else 0

    def loop(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """The role `refresh` as entrypoint.sh runs it, and a platform that starts it again when it ends."""
        end = self.clock.boot + seconds
        pause = RESTART_FIRST_SECONDS
        while not until():
            wake = self._wake()
            if wake > end:
                self.clock.sleep(max(end - self.clock.boot, 0))
                return
            self.clock.sleep(max(wake - self.clock.boot, 0))
            error = self.turn()
            code = error.exit_code if error else 0
            code = 75 if code == 77 else code  # where prompting is on, see cli.py
            self.ends.append(code)
            if code in FINAL:
                self.restarts += 1
                self.clock.sleep(pause)
                pause = min(2 * pause, RESTART_MAX_SECONDS)

    def published(self) -> dict[str, Any] | None:
        """What an app reads; None if there is nothing."""
        file = self.token_path / "token.json"
        return json.loads(file.read_text()) if file.exists() else None

    def records(self, *names: str) -> list[dict[str, Any]]:
        """What was logged in JSON, all or by event; in console format the prompt's line alone is."""
        lines = [json.loads(line) for line in self.output.getvalue().splitlines() if line.startswith("{")]
        return [line for line in lines if not names or line["event"] in names]

    @property
    def prompts(self) -> int:
        """How often a person was asked."""
        return len(self.records("signin.code_issued"))

    def _wake(self) -> float:
        try:
            return float((self.state_path / "wake").read_text())
        except FileNotFoundError:
            return self.clock.boot

    def _made(self, role: Role, log: Log, state: StateDirectory, heart: QuietHeart) -> Turn:
        interrupts = Interrupts()
        cache = TokenCache(
            state.cache_file, seal=Sealer(), client_id=self.entra.client_id, authority=self.authority.url
        )
        entra = Entra(
            authority=self.authority,
            client_id=self.entra.client_id,
            cache=cache.msal_cache,
            transport=Named(self.http(), self.road),
            clocks=self.clock.anchor,
        )
        rules = Rules(
            wanted=WANTED,
            policy=Policy(refresh_at=0.66, spread=0.0, min_validity_seconds=60),
            admission=Admission(users=frozenset({"alice@contoso.example"})),
            may_prompt=True,
        )
        custody = Custody(
            cache=cache,
            token_dir=TokenDirectory(self.token_path, Access()),
            state=state,
            wanted=WANTED,
            labels=Labels(client_id=self.entra.client_id, entra=True),
            clock=self.clock,
            interrupts=interrupts,
            log=log,
        )
        renewal = Renewal(
            authority=entra,
            custody=custody,
            heart=heart,
            interrupts=interrupts,
            wanted=WANTED,
            admission=rules.admission,
            log=log,
        )
        signin = DeviceSignin(
            authority=entra,
            board=PromptBoard(log, state),
            log=log,
            clock=self.clock,
            heart=heart,
            interrupts=interrupts,
            terms=SigninTerms(
                tenant=self.entra.tenant_id,
                client_id=self.entra.client_id,
                host="pod-1",
                language=None,
                admission=rules.admission,
                timeout_seconds=self.timeout_seconds,
            ),
        )
        return Turn(
            role=role,
            rules=rules,
            custody=custody,
            renewal=renewal,
            signin=lambda: signin,
            authority=entra,
            ledger=Ledger(clock=self.clock, log=log),
            state=state,
            clock=self.clock,
            log=log,
        )

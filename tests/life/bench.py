"""A pod in virtual time: what entrypoint.sh does between turns, and all that a turn needs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sidecar.adapters.log import Log
from sidecar.adapters.prompt import Face, PromptBoard
from sidecar.adapters.sealing import Sealer
from sidecar.adapters.state_dir import StateDirectory
from sidecar.adapters.token_cache import TokenCache
from sidecar.adapters.token_dir import Access
from sidecar.core.account import Admission
from sidecar.core.plan import Policy
from sidecar.core.signin_terms import SigninTerms
from sidecar.core.token import Labels, Wanted
from sidecar.custody import Custody
from sidecar.elsewhere import Elsewhere, Nowhere
from sidecar.errors import SidecarError
from sidecar.further_files import FurtherFiles, templates_in
from sidecar.ledger import Ledger
from sidecar.posix.interrupts import Interrupts
from sidecar.remembrance import remembered
from sidecar.renewal import Renewal
from sidecar.role import REFRESH, SIGNIN, Role, Rules
from sidecar.signin import DeviceSignin
from sidecar.turn import Turn
from tests.life.doubles import TENANT, Flickering, QuietHeart, ScriptedAuthority, VirtualClock, Volume

GRAPH = ("https://graph.microsoft.com/.default",)
ARM = ("https://management.azure.com/.default",)


@dataclass
class Bench:
    """One pod. Every turn is built anew from what lies in its two directories."""

    token_path: Path
    state_path: Path
    clock: VirtualClock
    authority: ScriptedAuthority
    cache: TokenCache
    rules: Rules
    output: io.StringIO
    timeout_seconds: int = 3600
    log_format: str = "json"
    full: bool = False
    """Whether the token directory takes no further generation."""
    read_only: bool = False
    """Whether it gives none back."""
    faces: tuple[Face, ...] = ()
    width: int = 1
    """How many renewals may be under way at a time."""
    formats: tuple[str, ...] = ()
    template_dir: Path | None = None
    announced: int = 0
    """How often apps were told of something new."""
    elsewhere: Callable[[Log], Elsewhere] = lambda _log: Nowhere()
    """Makes what other pods share, for one turn."""
    begun: bool = False
    """Whether the loop has had its first turn, which alone ends on a broken template."""

    @classmethod
    def in_directory(
        cls,
        path: Path,
        *,
        wanted: Wanted | None = None,
        admission: Admission | None = None,
        may_prompt: bool = True,
    ) -> Bench:
        """A new pod with an empty token directory and an empty state directory."""
        token_path, state_path = path / "tokens", path / "private"
        token_path.mkdir()
        state_path.mkdir(mode=0o700)
        clock = VirtualClock()
        cache = Flickering(
            state_path / "cache", seal=Sealer(), client_id="client", authority="https://login.example/t"
        )
        return cls(
            token_path=token_path,
            state_path=state_path,
            clock=clock,
            authority=ScriptedAuthority(cache, clock),
            cache=cache,
            rules=Rules(
                wanted={"": GRAPH} if wanted is None else wanted,
                policy=Policy(refresh_at=0.66, spread=0.0, min_validity_seconds=60),
                admission=admission or Admission(),
                may_prompt=may_prompt,
            ),
            output=io.StringIO(),
        )

    def allow(self, admission: Admission) -> None:
        """Change who is let in, as a restart with other settings would."""
        self.rules = replace(self.rules, admission=admission)

    def turn(self, role: Role = REFRESH, *, at_once: bool = False) -> SidecarError | None:
        """Run one turn; the error it ended with, None if it ended well."""
        log = Log(format=self.log_format, level="debug", stream=self.output)
        heart = QuietHeart(self.state_path / "heartbeat", self.clock)
        state = StateDirectory(self.state_path)
        interrupts = Interrupts()
        token_dir = Volume(
            self.token_path, Access(), full=lambda: self.full, read_only=lambda: self.read_only
        )
        further = FurtherFiles(
            self.formats,
            templates_in(self.template_dir, self.rules.wanted, first=not self.begun),
            token_dir=token_dir,
            kept=self.state_path / "templates",
            log=log,
        )
        self.begun = True
        elsewhere = self.elsewhere(log)
        custody = Custody(
            cache=self.cache,
            token_dir=token_dir,
            further=further,
            state=state,
            wanted=self.rules.wanted,
            labels=Labels(client_id="client", entra=True),
            clock=self.clock,
            interrupts=interrupts,
            log=log,
            published=self.tell_apps,
            unprobed=self.rules.demanded,
            elsewhere=elsewhere,
        )
        turn = Turn(
            role=role,
            rules=self.rules,
            custody=custody,
            renewal=Renewal(
                authority=self.authority,
                custody=custody,
                heart=heart,
                interrupts=interrupts,
                wanted=self.rules.wanted,
                admission=self.rules.admission,
                log=log,
                width=self.width,
            ),
            signin=lambda: DeviceSignin(
                authority=self.authority,
                board=PromptBoard(log, state, faces=self.faces),
                log=log,
                clock=self.clock,
                heart=heart,
                interrupts=interrupts,
                terms=SigninTerms(
                    TENANT, "client", "pod-1", None, self.rules.admission, self.timeout_seconds, "amber otter"
                ),
            ),
            authority=self.authority,
            ledger=Ledger(clock=self.clock, log=log),
            state=state,
            clock=self.clock,
            log=log,
        )
        with state.locked(heart), remembered(state, log, self.clock):
            try:
                turn.run(at_once=at_once)
            except SidecarError as error:
                return error
            finally:
                further.tell()
                elsewhere.close()
        return None

    def tell_apps(self) -> None:
        """They see something new."""
        self.announced += 1

    def signin(self) -> SidecarError | None:
        """Run the role `signin`."""
        return self.turn(SIGNIN)

    def run_for(self, seconds: float) -> None:
        """Do as the loop does: a turn whenever the last one asked for it."""
        end = self.clock.boot + seconds
        while (wake := float((self.state_path / "wake").read_text())) <= end:
            self.clock.sleep(max(wake - self.clock.boot, 0))
            self.turn()
        self.clock.sleep(max(end - self.clock.boot, 0))

    def published(self, name: str = "") -> dict[str, Any] | None:
        """What an app reads; None if there is nothing."""
        file = self.token_path / name / "token.json"
        return json.loads(file.read_text()) if file.exists() else None

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """What was logged so far, all or by name."""
        lines = [json.loads(line) for line in self.output.getvalue().splitlines()]
        return [line for line in lines if name in (None, line["event"])]

    def number(self, name: str) -> int:
        """A number of the state directory that the shell reads."""
        return int((self.state_path / name).read_text())

    def requests_per_minute(self) -> int:
        """The most requests that fell into any minute."""
        times = [at for _, at in self.authority.requests]
        return max((sum(at <= other < at + 60 for other in times) for at in times), default=0)

"""A pod of ours in virtual time: the loop of entrypoint.sh, real files, and the real adapter with MSAL.

Every turn is built anew from what lies in the two directories, as a new process would build it; in the
place of sockets stands the provider. Nothing is patched: what is ours is given its clock.
"""

from __future__ import annotations

import io
import urllib.parse
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sidecar.adapters.discovery import DiscoveryStore
from sidecar.adapters.entra import Entra
from sidecar.adapters.http import HttpClient
from sidecar.adapters.http.answer import Response, checked, failure
from sidecar.adapters.log import Log
from sidecar.adapters.prompt import PromptBoard
from sidecar.adapters.sealing import Key, Sealer
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
from tests.life.doubles import QuietHeart
from tests.torture.soak.provider import CLIENT, HOST, SCOPE, TENANT, Provider
from tests.torture.soak.virtual_time import WatchedClock

PYTHON_SECONDS = 0.3
"""From the shell's decision to the first line of a turn."""

REQUEST_SECONDS = 10.0


class WithoutSockets(HttpClient):
    """The product's client down to the socket, in whose place the provider stands."""

    def __init__(self, provider: Provider, documents: DiscoveryStore) -> None:
        super().__init__(documents=documents, timeout_seconds=REQUEST_SECONDS)
        self._provider = provider

    def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None) -> Response:
        parts = urllib.parse.urlsplit(url)
        form = dict(urllib.parse.parse_qsl((body or b"").decode()))
        try:
            told = self._provider.exchange(method, parts.path, form, patience=REQUEST_SECONDS)
        except OSError as error:
            raise failure(error, host=parts.netloc, ca_file=None) from None
        headers = {"Content-Type": told.content_type, **told.headers}
        return checked(Response(told.status, told.body.decode(), headers), host=parts.netloc)


class Pod:
    """Two directories and what the shell keeps between turns."""

    def __init__(self, path: Path, clock: WatchedClock, provider: Provider, policy: Policy) -> None:
        self.token_path, self.state_path = path / "tokens", path / "private"
        self.token_path.mkdir()
        self.state_path.mkdir(mode=0o700)
        self.turns = 0
        self.crashes = 0
        self.told: deque[str] = deque(maxlen=20)
        self._clock = clock
        self._provider = provider
        self._http = WithoutSockets(provider, DiscoveryStore(self.state_path / "discovery.json", clock.now))
        self._rules = Rules({"": (SCOPE,)}, policy, Admission(), may_prompt=True)
        self._wake, self._step = 0, 10

    def sign_in(self) -> None:
        """The role `signin`."""
        self.turn(SIGNIN)

    def live(self, seconds: float) -> None:
        """Do as entrypoint.sh does, for so long."""
        end = self._clock.boot + seconds
        while self._clock.boot < end:
            up = int(self._clock.boot)
            if up >= self._wake:
                self.turn(REFRESH)
                self._wake = self.number("wake")
                now = int(self._clock.boot)
                if self._wake >= up:
                    self._step = 10
                else:
                    self.crashes += 1
                    self._wake = now + self._step
                    self._step = self._step * 2 if self._step < 150 else 300
                up = now
            left = self._wake - up
            self._clock.sleep(min(max(left, 1), 60))

    def ready(self) -> bool:
        """As `probe readiness` finds it: whole seconds of the clock against what a turn wrote."""
        return self.number("ready_until") > int(self._clock.wall)

    def number(self, name: str) -> int:
        """What the shell reads; 0 where it reads nothing."""
        try:
            return int((self.state_path / name).read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def turn(self, role: Role) -> None:
        """A process begins, takes its turn, and ends."""
        self._clock.sleep(PYTHON_SECONDS)
        output = io.StringIO()
        with suppress(SidecarError):  # it is in the log, and the next turn is scheduled
            self._take_turn(role, Log(format="json", level="debug", stream=output))
        self.turns += 1
        self.told.append(output.getvalue())
        leaked = [secret for secret in self._provider.recent_secrets if secret in self.told[-1]]
        assert not leaked, "a turn printed a token"

    def _take_turn(self, role: Role, log: Log) -> None:
        clock, rules, interrupts = self._clock, self._rules, Interrupts()
        heart = QuietHeart(self.state_path / "heartbeat", clock)
        state = StateDirectory(self.state_path)
        authority = Authority(f"{HOST}/{TENANT}")
        cache = TokenCache(
            state.cache_file, seal=Sealer((Key(b"k" * 32),)), client_id=CLIENT, authority=authority.url
        )
        entra = Entra(
            authority=authority,
            client_id=CLIENT,
            cache=cache.msal_cache,
            transport=self._http,
            clocks=clock.anchor,
        )
        custody = Custody(
            cache=cache,
            token_dir=TokenDirectory(self.token_path, Access()),
            state=state,
            wanted=rules.wanted,
            labels=Labels(client_id=CLIENT, entra=True),
            clock=clock,
            interrupts=interrupts,
            log=log,
        )
        turn = Turn(
            role=role,
            rules=rules,
            custody=custody,
            renewal=Renewal(
                authority=entra,
                custody=custody,
                heart=heart,
                interrupts=interrupts,
                wanted=rules.wanted,
                admission=rules.admission,
                log=log,
            ),
            signin=lambda: DeviceSignin(
                authority=entra,
                board=PromptBoard(log, state),
                log=log,
                clock=clock,
                heart=heart,
                interrupts=interrupts,
                terms=SigninTerms(TENANT, CLIENT, "pod-1", None, rules.admission, 3600),
            ),
            authority=entra,
            ledger=Ledger(clock=clock, log=log, spread=rules.policy.spread),
            state=state,
            clock=clock,
            log=log,
        )
        with state.locked(heart):
            turn.run()

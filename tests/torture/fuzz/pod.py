"""A pod in virtual time whose turns go through MSAL and the HTTP client, and what holds after any turn."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

from sidecar.adapters.sealing import Sealer
from sidecar.adapters.token_cache import TokenCache
from sidecar.core.account import Admission
from sidecar.errors import SidecarError
from sidecar.role import REFRESH, SIGNIN, Role
from tests.life.bench import Bench
from tests.life.doubles import ALICE
from tests.torture.fuzz.authority import SUBJECT, OddAuthority
from tests.torture.fuzz.promises import nothing_secret, printable_lines, well_told

ALLOWED = Admission(users=frozenset({str(ALICE.object_id)}))
ALLOWED_OIDC = Admission(users=frozenset({SUBJECT}))
"""An odd sign-in may be for anybody: a pod that took in another would rightly wait for that one."""
REQUESTS_PER_TURN = 120
"""A prompt of a minute polled every second, with what stands around it; anything above is a hot loop."""
LONGEST_SLEEP_SECONDS = 366 * 86400
HEALING_TURNS = 8


class OddPod:
    """One pod and its authority; every turn begins from what lies in its two directories."""

    def __init__(self, path: Path, authority: OddAuthority, *, seal: Sealer, oidc: bool = False) -> None:
        self.authority = authority
        self.bench = Bench.in_directory(path, admission=ALLOWED_OIDC if oidc else ALLOWED)
        self.bench.timeout_seconds = 60
        self.bench.cache = TokenCache(
            self.bench.state_path / "cache",
            seal=seal,
            client_id="client",
            authority="https://login.example/t",
        )
        self._oidc = oidc

    def turn(self, role: Role = REFRESH, *, at_once: bool = False) -> SidecarError | None:
        """A turn that keeps every promise, however it ends."""
        bench = self.bench
        client = self.authority.client(bench.cache, bench.clock, bench.state_path, oidc=self._oidc)
        bench.authority = cast(Any, client)
        said = len(bench.output.getvalue())
        error = bench.turn(role, at_once=at_once)
        if error is not None:
            well_told(error, self.authority.secrets)
        assert len(self.authority.wire.requests) <= REQUESTS_PER_TURN, "a hot loop of requests"
        output = bench.output.getvalue()[said:]
        printable_lines(output)
        for line in output.splitlines():
            json.loads(line)
        nothing_secret(output, self.authority.secrets)
        self._check_schedule()
        self._check_probes_numbers()
        return error

    def published(self) -> str | None:
        """The token that an app reads, if it lives."""
        document = self.bench.published()
        if document is None:
            return None
        assert (self.bench.token_path / "token").read_text() == document["access_token"]
        return document["access_token"] if document["expires_on"] > self.bench.clock.now() else None

    def heal(self) -> None:
        """With an authority that answers as it should, a live token is published after some turns."""
        bench = self.bench
        for _ in range(HEALING_TURNS):
            bench.clock.sleep(max(self._wake() - bench.clock.boot, 0))
            if self.turn() is None and self.published() is not None:
                return
        raise AssertionError(f"no token after {HEALING_TURNS} turns: {bench.output.getvalue()[-1500:]}")

    def _wake(self) -> int:
        """As the shell reads it: one line, at most ten digits."""
        first = (self.bench.state_path / "wake").read_bytes().splitlines()[0].strip()
        assert re.fullmatch(rb"0|[1-9][0-9]{0,9}", first), first
        return int(first)

    def _check_schedule(self) -> None:
        """The next turn is at least a second away and will come."""
        ahead = self._wake() - self.bench.clock.boot
        assert 0 < ahead <= LONGEST_SLEEP_SECONDS, f"the next turn is {ahead} s away"

    def _check_probes_numbers(self) -> None:
        for name in ("live_until", "ready_until"):
            assert (self.bench.state_path / name).read_text().strip().isdecimal()


__all__ = ["ALLOWED", "REFRESH", "SIGNIN", "OddPod"]

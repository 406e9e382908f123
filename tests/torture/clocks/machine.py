"""A machine whose clocks do what clocks do, an authority that knows better, and the shell's loop."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.adapters.token_cache import TokenCache
from sidecar.core.account import Account
from sidecar.core.device_code import PollResult
from sidecar.core.grant import Grant
from sidecar.core.schedule import Anchor
from sidecar.errors import AuthorityUnreachable
from tests.life.bench import Bench
from tests.life.doubles import ScriptedAuthority, VirtualClock

LIFE_SECONDS = 3600
TICK_SECONDS = 60
"""entrypoint.sh looks at the clocks at least this often."""

ROUNDING_SECONDS = 2


class Machine(VirtualClock):
    """`real` is the time that has truly passed; `wall` and `boot` are what the machine believes."""

    def __init__(self) -> None:
        super().__init__()
        self.real = 0.0
        self.boots = 1

    def anchor(self) -> Anchor:
        """Both clocks of the machine."""
        return Anchor(self.wall, self.boot, f"boot-{self.boots}")

    def sleep(self, seconds: float) -> None:
        """All clocks agree."""
        super().sleep(seconds)
        self.real += seconds

    def step(self, seconds: float) -> None:
        """Somebody, or NTP, sets the wall clock."""
        self.leap(seconds)

    def suspend(self, seconds: float) -> None:
        """A laptop's lid: the boot clock counts through it (clock_gettime(2), CLOCK_BOOTTIME)."""
        self.sleep(seconds)

    def pause(self, seconds: float) -> None:
        """A virtual machine is paused and its wall clock set afterwards: no clock of its own counted."""
        self.real += seconds
        self.leap(seconds)

    def reboot(self, seconds: float) -> None:
        """The wall clock runs on, the boot clock begins anew."""
        self.real += seconds
        self.wall += seconds
        self.boots += 1
        self.boot = 20.0


@dataclass
class KnowingAuthority(ScriptedAuthority):
    """Knows when each of its tokens truly ends; `down` makes it unreachable."""

    down: bool = False
    ends: dict[str, float] = field(default_factory=dict)
    renewed_on: list[float] = field(default_factory=list)

    def poll(self, scopes: tuple[str, ...]) -> PollResult:
        """As ever, remembered."""
        result = super().poll(scopes)
        if result.grant:
            self._remember(result.grant)
        return result

    def renew(self, account: Account, scopes: tuple[str, ...]) -> Grant:
        """As ever, remembered; or no answer."""
        self.renewed_on.append(self._machine.real)
        if self.down:
            raise AuthorityUnreachable("no answer")
        grant = super().renew(account, scopes)
        self._remember(grant)
        return grant

    @property
    def _machine(self) -> Machine:
        assert isinstance(self.clock, Machine)
        return self.clock

    def _remember(self, grant: Grant) -> None:
        self.ends[grant.token.secret] = self._machine.real + self.life_seconds


class Node:
    """A pod on a machine: the loop of entrypoint.sh, and what its readers believe."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine()
        self.bench = Bench.in_directory(folder)
        self.bench.clock = self.machine
        self.authority = KnowingAuthority(self._cache, self.machine)
        self.bench.authority = self.authority
        self.turns: list[float] = []
        self._last_tick = -math.inf
        self._wake = 0.0
        assert self.bench.signin() is None

    @property
    def _cache(self) -> TokenCache:
        return self.bench.cache

    def run_for(self, seconds: float) -> None:
        """Let the loop run for so many seconds of the boot clock."""
        end = self.machine.boot + seconds
        while True:
            self.tick()
            if (left := end - self.machine.boot) <= 0:
                return
            nap = max(min(self._wake - self.machine.boot, TICK_SECONDS), 1)
            self.machine.sleep(min(nap, left))

    def run_until_a_turn_has_looked(self) -> None:
        """The shell sees a leap that leads past what is due, or behind its last tick; else a turn does."""
        before = len(self.turns)
        while len(self.turns) == before:
            self.run_for(TICK_SECONDS)

    def tick(self) -> None:
        """As `tick` of entrypoint.sh: modification times tell it that the wall clock is past what is due, or
        behind the last tick.
        """
        due = self.bench.state_path / "due"
        past = due.exists() and self.machine.wall > due.stat().st_mtime
        leapt = past or self._last_tick > self.machine.wall
        self._last_tick = self.machine.wall
        if self.machine.boot >= self._wake or leapt:
            self.turns.append(self.machine.real)
            self.bench.turn()
            self._wake = float((self.bench.state_path / "wake").read_text())

    def restart(self) -> None:
        """The containers start again, as after a reboot."""
        self._wake, self._last_tick = 0.0, -math.inf

    def believed_seconds(self) -> float:
        """How long an app, and the probes, still trust the published token."""
        document = self.bench.published()
        assert document is not None
        return float(max(document["expires_on"], self.bench.number("live_until"))) - self.machine.wall

    def true_seconds(self) -> float:
        """How long the published token is really accepted."""
        document = self.bench.published()
        assert document is not None
        return self.authority.ends[document["access_token"]] - self.machine.real

    def trusts_nothing_past_its_end(self) -> bool:
        """Whether no reader is misled by more than the rounding to whole seconds."""
        believed, true = self.believed_seconds(), self.true_seconds()
        return believed <= max(true, 0) + ROUNDING_SECONDS

    def turns_in_the_worst_minute(self) -> int:
        """How hot the loop ran, by true time."""
        return max(sum(at <= other < at + 60 for other in self.turns) for at in self.turns)

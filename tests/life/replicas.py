"""Two pods in virtual time that share one state in a cluster in memory."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidecar.adapters.log import Log
from sidecar.adapters.sealing import Key, Sealer
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.account import Account
from sidecar.core.device_code import Answer, PollResult
from sidecar.core.grant import Grant
from sidecar.core.kubernetes.lease import taken
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.schedule import Anchor
from sidecar.errors import ClusterUnreachable, SigninRequired
from sidecar.kubernetes.shared_state import SharedState
from sidecar.posix.interrupts import Interrupts
from tests.kubernetes_api.in_memory import InMemoryCluster
from tests.life.bench import ARM, GRAPH, Bench
from tests.life.doubles import Flickering, QuietHeart, ScriptedAuthority, VirtualClock

Making = Callable[[Log], SharedState]

STATE = ObjectName("apps", "entra-state")
KEY, OTHER_KEY = Key(b"k" * 32), Key(b"o" * 32)


def expires_on(bench: Bench) -> int:
    """Of the token that its apps read."""
    document = bench.published()
    return int(document["expires_on"]) if document else 0


class NodeClock(VirtualClock):
    """The same time on another machine, whose wall clock is `ahead` and whose boot clock is its own."""

    def __init__(self, real: VirtualClock, *, node: str, ahead: float = 0.0, up: float = 0.0) -> None:
        super().__init__()
        self._real = real
        self._node = node
        self.ahead = ahead
        self._up = up

    def now(self) -> float:
        """Of this machine's wall clock."""
        return self._real.wall + self.ahead

    def anchor(self) -> Anchor:
        """Both of this machine's."""
        return Anchor(self.now(), self._real.boot + self._up, self._node)

    def sleep(self, seconds: float) -> None:
        """For all. What others do meanwhile takes no time of its own."""
        during, self.during_sleep = self.during_sleep, lambda _seconds: None
        during(seconds)
        self.during_sleep = during
        self._real.sleep(seconds)


@dataclass
class Provider:
    """One for all replicas. It takes only the last refresh token that it gave, if it `rotates`; `reused` are
    the spent ones that it saw, after which it wants a person. `signed_in_on` is by the real time.
    """

    rotates: bool = True
    serial: int = 0
    current: str | None = None
    reused: list[str] = field(default_factory=list)
    signed_in_on: float = 0.0


@dataclass
class RotatingAuthority(ScriptedAuthority):
    """A replica's connection to the provider."""

    provider: Provider = field(default_factory=Provider)
    real: VirtualClock = field(default_factory=VirtualClock)

    def poll(self, scopes: tuple[str, ...]) -> PollResult:
        """A sign-in is everybody's."""
        before, self.provider.signed_in_on = self.provider.signed_in_on, self.real.wall
        result = super().poll(scopes)
        if result.answer is not Answer.GRANTED:
            self.provider.signed_in_on = before
        return result

    def _seconds_left(self) -> float:
        if self.frequency_seconds is None:
            return super()._seconds_left()
        return self.provider.signed_in_on + self.frequency_seconds - self.real.wall

    def _renew(self, account: Account, scopes: tuple[str, ...]) -> Grant:
        used = self.cache_content().get("refresh_token")
        if self.provider.rotates and used is not None and used != self.provider.current:
            self.provider.reused.append(used)
            raise SigninRequired("invalid_grant: spent")
        return super()._renew(account, scopes)

    def _write(self, content: dict[str, str]) -> None:
        self.provider.serial += 1
        self.provider.current = f"rt{self.provider.serial}"
        super()._write({**content, "refresh_token": self.provider.current})


@dataclass
class Replicas:
    """`clock` is the real time; `cluster` what they share."""

    path: Path
    clock: VirtualClock = field(default_factory=VirtualClock)
    cluster: InMemoryCluster = field(default_factory=InMemoryCluster)
    provider: Provider = field(default_factory=Provider)
    away: bool = False
    _refused: str | None = None

    def __post_init__(self) -> None:
        self.cluster.add_secret(STATE)
        self.cluster.add_lease(STATE)
        self.cluster.fail = self._fail

    def pod(self, name: str, *, ahead: float = 0.0, keys: tuple[Key, ...] = (KEY,), wanted: int = 1) -> Bench:
        """A new one, with empty directories."""
        directory = self.path / name
        directory.mkdir()
        bench = Bench.in_directory(directory, wanted=dict([("", GRAPH), ("arm", ARM)][:wanted]))
        bench.clock = NodeClock(self.clock, node=f"boot-of-{name}", ahead=ahead, up=len(name) * 1000)
        self.restart(bench, keys)
        bench.elsewhere = self._elsewhere(bench, name)
        return bench

    def restart(self, bench: Bench, keys: tuple[Key, ...]) -> None:
        """With these keys."""
        cache = Flickering(
            bench.state_path / "cache",
            seal=Sealer(keys),
            client_id="client",
            authority="https://login.example/t",
        )
        bench.cache = cache
        bench.authority = RotatingAuthority(cache, bench.clock, provider=self.provider, real=self.clock)

    def content(self) -> bytes:
        """Of the Secret."""
        return self.cluster.secrets[STATE].data.get("cache", b"")

    def serial(self) -> int:
        """Of the Secret."""
        return int(self.cluster.secrets[STATE].data.get("serial", b"0"))

    def holder(self) -> str | None:
        """Of the Lease."""
        return self.cluster.leases[STATE].holder

    def calls(self, run: Callable[[], object]) -> list[str]:
        """What was asked of the API while it ran, without the name."""
        self.cluster.calls.clear()
        run()
        return [call.split()[0] for call in self.cluster.calls]

    def refresh_token(self, bench: Bench) -> str:
        """The one that a pod would use."""
        return str(json.loads(bench.cache.look().msal)["refresh_token"])

    def _elsewhere(self, bench: Bench, name: str) -> Making:
        def make(log: Log) -> SharedState:
            return SharedState(
                api=self.cluster,
                name=STATE,
                replica=name,
                state=StateDirectory(bench.state_path),
                look=bench.cache.look,
                clock=bench.clock,
                heart=QuietHeart(bench.state_path / "heartbeat", bench.clock),
                interrupts=Interrupts(),
                log=log,
            )

        return make

    def stolen_by(self, holder: str) -> None:
        """Somebody takes the Lease, and is not heard of again."""
        lease = self.cluster.leases[STATE]
        now = self.clock.wall
        self.cluster.replace_lease(taken(lease, holder, now=now, serial=self.serial()))

    def refuse(self, verb: str | None = None) -> None:
        """The API server is in trouble with this verb; None for all well."""
        self._refused = verb

    def lose_answer(self, verb: str) -> None:
        """It does what it is asked, and nobody hears of it."""
        write = getattr(self.cluster, verb)

        def lost(written: object) -> None:
            setattr(self.cluster, verb, write)
            write(written)
            raise ClusterUnreachable("connection reset")

        setattr(self.cluster, verb, lost)

    def crash(self, bench: Bench, *, at: str = "replace_lease") -> None:
        """A turn that is due ends like the process before a write: nothing is let go."""

        def fail(call: str) -> None:
            if call.startswith(at) and (at != "replace_lease" or self.holder()):
                raise _Killed

        alive: Any = bench.elsewhere
        self.cluster.fail = fail

        def deaf(log: Log) -> SharedState:
            shared: SharedState = alive(log)
            shared.close = lambda: None  # type: ignore[method-assign]
            return shared

        bench.elsewhere = deaf
        with contextlib.suppress(_Killed):
            bench.turn(at_once=True)
        bench.elsewhere, self.cluster.fail = alive, self._fail

    def _fail(self, call: str) -> None:
        if self.away or (self._refused and call.startswith(f"{self._refused} ")):
            raise ClusterUnreachable(f"{call}: connection refused")


class _Killed(BaseException):
    """The process is no more."""

"""The stand-in for the API server: its weather, its journal of the Lease, and people who edit its Secrets."""

from __future__ import annotations

import base64
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Rule
from tests.kubernetes_api.server import Fault, KubernetesApi
from tests.kubernetes_api.store import Raw, Store
from tests.torture.replicas.onlookers import Content
from tests.torture.replicas.referee import LeaseWrite
from tests.torture.replicas.scene import STATE, TOKENS

NAMESPACE = "entra"
STATE_NAME, TOKENS_NAME = ObjectName(NAMESPACE, STATE), ObjectName(NAMESPACE, TOKENS)
GONE_SECONDS = (0.5, 4.0)
"""How long a Secret stays deleted."""

FAULTS = (
    Fault("status", 429, retry_after="1"),
    Fault("status", 500),
    Fault("status", 503),
    Fault("status", 504),
    Fault("hang"),
    Fault("reset"),
    Fault("lost"),
    Fault("html"),
    Fault("nonsense"),
    Fault("slow", seconds=1.5),
)
CONFLICT = Fault("status", 409, message="the object has been modified")


class _Remembering(Store):
    """Notes each write of a Lease in the instant of its effect."""

    def __init__(self) -> None:
        super().__init__()
        self.lease_writes: list[LeaseWrite] = []

    def replace(self, rule: Rule, given: Raw) -> Raw:
        """As the store does."""
        with self.lock:
            after = super().replace(rule, given)
            if rule.resource == "leases":
                holder = (after.get("spec") or {}).get("holderIdentity")
                self.lease_writes.append(LeaseWrite(time.time(), holder or None))
            return after


class _Weathered(KubernetesApi):
    """`strikes` decides on each request."""

    def __init__(self) -> None:
        super().__init__()
        self.remembering = _Remembering()
        self.store = self.remembering
        self.strikes: Callable[[Rule], Fault | None] = lambda _rule: None

    def _struck(self, rule: Rule) -> Fault | None:
        return self.strikes(rule)


class StandInCluster:
    """A `Cluster`; a context manager."""

    namespace = NAMESPACE
    lag_seconds = 0.0

    def __init__(self, folder: Path) -> None:
        self.faults = 0
        self.vandalized = 0
        self._folder = folder / "serviceaccount"
        self._backup: dict[str, bytes] = {}
        self._away = threading.Lock()
        self._timers: list[threading.Timer] = []
        self.api = _Weathered()

    def __enter__(self) -> StandInCluster:
        self.api.start()
        store = self.api.store
        for name in (STATE_NAME, TOKENS_NAME):
            store.add_secret(name)
        store.add_lease(STATE_NAME)
        self.api.account_dir(self._folder)
        self.settings: Mapping[str, str] = {
            **self.api.environ,
            "SIDECAR_SERVICE_ACCOUNT_DIR": str(self._folder),
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._wait_for_timers()
        self.api.stop()

    def secret(self, name: str) -> Content | None:
        """As it is in the store."""
        try:
            return self.api.store.data(ObjectName(NAMESPACE, name))
        except KeyError:
            return None

    def lease_writes(self) -> list[LeaseWrite]:
        """In the order of their effect."""
        return list(self.api.remembering.lease_writes)

    @contextmanager
    def weather(self, chance: random.Random, *, share: float) -> Iterator[None]:
        """That share of all requests meets a fault."""

        def strikes(rule: Rule) -> Fault | None:
            if chance.random() >= share:
                return None
            self.faults += 1
            return chance.choice((*FAULTS, CONFLICT) if rule.verb == "update" else FAULTS)

        self.api.strikes = strikes
        try:
            yield
        finally:
            self.api.strikes = lambda _rule: None
            self.api.heal()
            self._wait_for_timers()

    def away(self, seconds: float) -> None:
        """Connections are refused for a while."""
        if self._away.acquire(blocking=False):
            self.api.stop()
            self._later(seconds, self._back)

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Connections are refused."""
        self.api.stop()
        try:
            yield
        finally:
            self.api.start()

    def rotate_token(self) -> None:
        """A new token in the file; the old one is refused from now on."""
        self.api.rotate_token(self._folder, revoke=True)

    def free_lease(self) -> None:
        """Somebody takes it from its holder."""
        lease = self.api.store.raw("leases", STATE_NAME)
        self.api.store.edit("leases", STATE_NAME, spec={**lease["spec"], "holderIdentity": ""})
        self.api.remembering.lease_writes.append(LeaseWrite(time.time(), None))

    def vandalize(self, chance: random.Random) -> None:
        """Somebody does something to one of the Secrets, with all rights and no bad intent."""
        store = self.api.store
        name = chance.choice((STATE_NAME, TOKENS_NAME))
        with store.lock:
            if ("secrets", name) not in store.objects:
                return
            self.vandalized += 1
            data = store.data(name)
            match chance.randrange(5):
                case 0:
                    store.delete("secrets", name)
                    self._later(chance.uniform(*GONE_SECONDS), lambda: self._make_again(name))
                case 1:
                    store.edit("secrets", name, data={})
                case 2 if data:
                    victim = chance.choice(sorted(data))
                    _write(store, name, {**data, victim: chance.randbytes(chance.randrange(200))})
                case 3 if data:
                    gone = chance.choice(sorted(data))
                    _write(store, name, {key: value for key, value in data.items() if key != gone})
                case _ if name == STATE_NAME:
                    if self._backup:
                        _write(store, name, self._backup)
                    self._backup = data if chance.random() < 0.5 else self._backup

    def make_good(self) -> None:
        """Nothing that was deleted stays so."""
        self._wait_for_timers()

    def _make_again(self, name: ObjectName) -> None:
        with self.api.store.lock:
            if ("secrets", name) not in self.api.store.objects:
                self.api.store.add_secret(name)

    def _back(self) -> None:
        self.api.start()
        self._away.release()

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, do)
        self._timers.append(timer)
        timer.start()

    def _wait_for_timers(self) -> None:
        for timer in self._timers:
            timer.join()


def _write(store: Store, name: ObjectName, data: Mapping[str, bytes]) -> None:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    store.edit("secrets", name, data=encoded)

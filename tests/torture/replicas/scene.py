"""One Deployment: replicas, a provider, an API server, and those who look on."""

from __future__ import annotations

import base64
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.end_to_end.pod import Pod, eventually
from tests.leaks import Leaks
from tests.torture import figures
from tests.torture.replicas import SUITE
from tests.torture.replicas.onlookers import Content, Onlookers, StateKeeper
from tests.torture.replicas.providers import Provider
from tests.torture.replicas.referee import LeaseWrite, holds, most_at_once, strays, takeovers
from tests.torture.replicas.replica import Replica

STATE = "entra-state"
TOKENS = "entra-token"
HANGUPS_A_SECOND = 2.0
TOGETHER = 0.7
HEALED_SECONDS = 200


def new_key(folder: Path, leaks: Leaks) -> Path:
    """A key file, whose key the leak check knows."""
    key = base64.b64encode(os.urandom(32)).decode()
    leaks.issued({key})
    path = folder / "sealing-key"
    path.write_text(f"{key}\n")
    return path


class Cluster(Protocol):
    """What the tests ask of an API server, the stand-in or a real one."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What a pod is told about it."""
        ...

    @property
    def namespace(self) -> str:
        """Where Secrets and Lease are."""
        ...

    def secret(self, name: str) -> Content | None:
        """The data of a Secret; None if it is gone."""
        ...

    @property
    def lag_seconds(self) -> float:
        """How late a write may be told."""
        ...

    def lease_writes(self) -> list[LeaseWrite]:
        """All so far, in their order."""
        ...


@dataclass
class Happening:
    """Something that befalls the Deployment at random, so often a second."""

    rate: float
    strike: Callable[[random.Random], None] = field(repr=False)


class Scene:
    """`settings` go to every pod, beside those of provider and cluster."""

    def __init__(
        self,
        *,
        provider: Provider,
        cluster: Cluster,
        new_pod: Callable[..., Pod],
        key_file: Path,
        seed: int,
        **settings: str,
    ) -> None:
        self.provider = provider
        self.cluster = cluster
        self.replicas: list[Replica] = []
        self.chance = random.Random(seed)
        self._folder = key_file.parent
        self._keeper = StateKeeper(
            lambda: cluster.secret(STATE),
            key="cache",
            key_file=key_file,
            client_id=provider.client_id,
            authority=provider.authority,
        )
        common = {
            **provider.settings,
            **cluster.settings,
            "SIDECAR_CACHE_KEY_FILE": str(key_file),
            "SIDECAR_STATE_SECRET": f"{cluster.namespace}/{STATE}",
            "SIDECAR_PUBLISH_SECRET": f"{cluster.namespace}/{TOKENS}",
            "SIDECAR_MIN_VALIDITY": "1s",
            **settings,
        }
        self._new_pod: Callable[..., Pod] = lambda **own: new_pod(**{**common, **own})

    def add(self, *, clock_off_by: int = 0) -> Replica:
        """One more replica, which begins at once."""
        name = f"shared-{len(self.replicas)}"
        replica = Replica(
            self._new_pod,
            f"{self.cluster.namespace}/{name}",
            folder=self._folder,
            clock_off_by=clock_off_by,
        )
        self.replicas.append(replica)
        return replica

    def begin(self, number: int = 2, *, clocks_off_by: Sequence[int] = ()) -> None:
        """Somebody signs in at the first replica; the others find that."""
        offs = (*clocks_off_by, *[0] * number)[:number]
        first = self.add(clock_off_by=offs[0])
        self.provider.approve(first.loop.role.wait_for("signin.code_issued")["user_code"])
        first.loop.role.wait_for("signin.completed")
        for off in offs[1:]:
            self.add(clock_off_by=off)
        eventually(lambda: all(replica.pod.token() for replica in self.replicas), "a token in each pod")
        eventually(lambda: (self.cluster.secret(TOKENS) or {}).get("token"), "a token in the Secret")
        assert self.provider.prompts() == 1

    def onlookers(
        self, *, forgiving: bool = False, ends_on: Callable[[str], float] | None = None
    ) -> Onlookers:
        """To be entered once there is something to look at."""
        return Onlookers(
            pods=lambda: [replica.pod for replica in self.replicas],
            token_secret=lambda: self.cluster.secret(TOKENS),
            state_opens=(lambda: None) if forgiving else self._keeper,
            forgiving=forgiving,
            ends_on=ends_on,
        )

    def storm(self, seconds: float, *happenings: Happening, hangups: float = HANGUPS_A_SECOND) -> None:
        """Let `seconds` pass in which replicas are hung up, and other things happen."""
        every = [Happening(hangups, self._hang_up), *happenings]
        rates = [happening.rate for happening in every]
        end = time.monotonic() + seconds
        while (pause := self.chance.expovariate(sum(rates))) and time.monotonic() + pause < end:
            time.sleep(pause)
            self.chance.choices(every, rates)[0].strike(self.chance)

    def _hang_up(self, chance: random.Random) -> None:
        for replica in self.replicas if chance.random() < TOGETHER else [chance.choice(self.replicas)]:
            replica.hang_up()

    def renewed(self, times: int, what: str, *, seconds: float = 90) -> None:
        """Wait for so many further renewals."""
        before = self.provider.renewals()
        eventually(lambda: self.provider.renewals() >= before + times, what, seconds)

    def settle(self) -> None:
        """Wait until all is as it should be, without anybody's help: a renewal goes well, the state opens,
        and the token Secret has what a replica has.
        """
        before = self.provider.renewals()
        for replica in self.replicas:
            replica.hang_up()
        eventually(lambda: self.provider.renewals() > before, "a renewal afterwards", HEALED_SECONDS)
        eventually(self._agreed, "good Secrets", HEALED_SECONDS)

    def _agreed(self) -> bool:
        shown = (self.cluster.secret(TOKENS) or {}).get("token", b"").decode()
        state = (self.cluster.secret(STATE) or {}).get("cache")
        known = {replica.pod.token() for replica in self.replicas}
        return bool(shown and state) and shown in known and self._keeper() is None

    def holder(self) -> Replica | None:
        """Who has the Lease; None if nobody does, or a pod that is gone."""
        writes = self.cluster.lease_writes()
        name = writes[-1].holder if writes else None
        return next((r for r in self.replicas if name and name.startswith(f"{r.pod_name}_")), None)

    def prompts_at_once(self) -> int:
        """How many codes were polled for at a time, at most."""
        return most_at_once(self.provider.polled.values())

    def end(self) -> None:
        """Stop all replicas in good order."""
        for replica in self.replicas:
            replica.stop()

    def close(self) -> None:
        """Leave no process behind, whatever became of the test."""
        for replica in self.replicas:
            for loop in replica.loops:
                if loop.role.process.poll() is None:
                    loop.kill_all()

    def verdict(self, onlookers: Onlookers, *, edited: bool = False) -> list[str]:
        """Everything that is wrong, after `end`; what was done goes to the figures. `edited`: somebody made
        garbage of a Secret, which is set aside.
        """
        outputs = [output for replica in self.replicas for output in replica.outputs]
        printed = sum(output.count('"signin.code_issued"') for output in outputs)
        writes = self.cluster.lease_writes()
        held = holds(writes)
        strayed = strays(self.provider.visits, held, slack_seconds=self.cluster.lag_seconds)
        for what, number in {
            "turns under the Lease": len(held),
            "renewals": self.provider.renewals(),
            "refresh tokens refused or used again": self.provider.reuses(),
            "prompts beyond the first": self.provider.prompts() - 1,
            "takeovers of a Lease that was not let go": takeovers(writes),
            "requests to the provider that no hold of the Lease spans": len(strayed),
            "states opened with the key": self._keeper.opened,
        }.items():
            figures.count(SUITE, what, number)
        wrong = onlookers.report(self.provider.secrets())
        wrong += [f"request without the Lease: {visit}" for visit in strayed]
        if self.provider.prompts() != 1 or printed != 1:
            wrong.append(f"{self.provider.prompts()} prompts, {printed} of them shown")
        if reuses := self.provider.reuses():
            wrong.append(f"{reuses} refresh tokens refused")
        for word in ("Traceback", "no schedule", *([] if edited else ["cache.set_aside"])):
            wrong += [f"{word} in the output"] * sum(word in output for output in outputs)
        return wrong


@contextmanager
def deployments(
    *, cluster: Cluster, new_pod: Callable[..., Pod], folder: Path, leaks: Leaks, seed: int
) -> Iterator[Callable[..., Scene]]:
    """Makes one at a provider each time that it is called; at the end none leaves a process behind."""
    made: list[Scene] = []

    def make(provider: Provider, **settings: str) -> Scene:
        key_file = new_key(folder, leaks)
        scene = Scene(
            provider=provider, cluster=cluster, new_pod=new_pod, key_file=key_file, seed=seed, **settings
        )
        made.append(scene)
        return scene

    yield make
    for scene in made:
        scene.close()

"""A pod that publishes to two Secrets, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.schedule import CARRY_SECONDS
from sidecar.elsewhere import Elsewhere, Nowhere
from sidecar.errors import ClusterError
from sidecar.kubernetes.cluster import Cluster
from sidecar.kubernetes.token_secrets import TokenSecrets
from sidecar.posix.interrupts import Interrupts
from tests.kubernetes_api.in_memory import InMemoryCluster
from tests.life.bench import Bench
from tests.life.doubles import QuietHeart

NAME, OTHER = ObjectName("apps", "entra-token"), ObjectName("jobs", "entra-token")
RENEWED_AFTER = int(3600 * 0.66)


def two_secrets() -> InMemoryCluster:
    """Empty, as the manifests make them."""
    api = InMemoryCluster()
    for name in (NAME, OTHER):
        api.add_secret(name)
    return api


def publishing(
    bench: Bench, api: InMemoryCluster, *, alone: bool = True, interrupts: Interrupts | None = None
) -> Bench:
    """The pod with the Secrets beside its directories; `alone`: without other replicas."""
    policy = replace(bench.rules.policy, carry_seconds=CARRY_SECONDS)
    bench.rules = replace(bench.rules, policy=policy)

    def elsewhere(log: Log) -> Elsewhere:
        copies = TokenSecrets(
            api=api,
            names=[NAME, OTHER],
            owner="state of apps/state",
            judged=list(bench.rules.wanted),
            state=StateDirectory(bench.state_path),
            clock=bench.clock,
            heart=QuietHeart(bench.state_path / "heartbeat", bench.clock),
            interrupts=interrupts or Interrupts(),
            log=log,
            alone=alone,
        )
        return Cluster(state=Nowhere(), copies=copies)

    bench.elsewhere = elsewhere
    return bench


def data(api: InMemoryCluster, name: ObjectName = NAME) -> dict[str, str]:
    """What apps read, by key."""
    return {key: value.decode() for key, value in api.secrets[name].data.items()}


def files(bench: Bench) -> dict[str, str]:
    """What readers of the token directory see, by key."""
    root = bench.token_path / "..data"
    paths = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix().replace("/", "."): path.read_text() for path in paths}


def edit(api: InMemoryCluster, **values: bytes) -> None:
    """Somebody with kubectl."""
    secret = api.secrets[NAME]
    api.secrets[NAME] = replace(secret, version=f"{secret.version}e", data={**secret.data, **values})


def failing(error: ClusterError, where: str = "", *, pause: int | None = None) -> Callable[[str], None]:
    """Every call with `where` in it raises."""
    if pause is not None:
        error.pause_seconds = pause

    def fail(call: str) -> None:
        if where in call:
            raise error

    return fail


def told(bench: Bench, event: str) -> list[str]:
    """Of which Secrets the log told that."""
    return [record["secret"] for record in bench.events(event)]

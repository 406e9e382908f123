"""The checks of `doctor` at the Kubernetes API: what is missing, too much, or cannot be opened."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sidecar.core.checkup import CHECKS, Check, Outcome
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Rule
from sidecar.core.kubernetes.rules import rules_unwanted
from sidecar.core.kubernetes.token_secret import OWNER
from sidecar.doctor.cluster import ClusterChecks
from sidecar.doctor.skipped import Skipped
from sidecar.errors import ClusterError, ClusterForbidden, ClusterUnreachable, ConfigurationError
from sidecar.posix.clock import SystemClock
from sidecar.settings import read_what_is_right
from tests.adapters.cached_signins import AUTHORITY, CLIENT, NOW, cache_at, committed, key, sealed_with
from tests.kubernetes_api.in_memory import InMemoryCluster
from tests.posix.clocks import StandingClock

TOKEN, FURTHER, STATE = (
    ObjectName("apps", "entra-token"),
    ObjectName("jobs", "entra-token"),
    ObjectName("entra", "entra-state"),
)
ALL = {
    "SIDECAR_PUBLISH_SECRET": f"{TOKEN},{FURTHER}",
    "SIDECAR_STATE_SECRET": str(STATE),
    "SIDECAR_POD": "entra/shared-0/0f0f",
}


@dataclass
class InMemoryServer:
    """The cluster, and how often somebody connected to it."""

    cluster: InMemoryCluster
    url: str = "https://10.0.0.1:443"
    connections: list[InMemoryCluster] = field(default_factory=list)

    def connect(self) -> InMemoryCluster:
        """No connection is made."""
        self.connections.append(self.cluster)
        return self.cluster


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """With the first key."""
    path = tmp_path / "key"
    path.write_bytes(base64.b64encode(key(1).secret) + b"\n")
    return path


@pytest.fixture
def cluster() -> InMemoryCluster:
    """As the manifests leave it before the first sign-in."""
    made = InMemoryCluster()
    for name in (TOKEN, FURTHER, STATE):
        made.add_secret(name)
    made.add_lease(STATE)
    made.forbidden = set(rules_unwanted(publish=(TOKEN, FURTHER), state=STATE))
    return made


@pytest.fixture
def examined(cluster: InMemoryCluster, key_file: Path) -> Callable[..., dict[str, Check]]:
    """The checks by name, with all settings or other ones; none of them writes."""

    def examine(settings: dict[str, str] = ALL) -> dict[str, Check]:
        environ = {
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_TENANT_ID": AUTHORITY.rpartition("/")[2],
            "SIDECAR_SCOPES": "https://graph.microsoft.com/.default",
            "SIDECAR_CACHE_KEY_FILE": str(key_file),
            **settings,
        }
        read, mistakes = read_what_is_right(environ, {})
        checks = ClusterChecks(
            read,
            wrong={mistake.partition(":")[0] for mistake in mistakes},
            server=lambda: InMemoryServer(cluster),
            clock=StandingClock(wall=NOW),
        ).checks()
        made = {}
        for name, check in checks.items():
            try:
                made[name] = check()
            except Skipped as reason:
                made[name] = Check(name, Outcome.SKIP, str(reason))
        assert not any(call.startswith(("replace", "create")) for call in cluster.calls)
        assert not any(each.fix for each in made.values() if each.outcome in (Outcome.PASS, Outcome.SKIP))
        assert made.keys() <= CHECKS.keys()
        return made

    return examine


Examined = Callable[..., dict[str, Check]]


def outcomes(checks: dict[str, Check]) -> dict[str, str]:
    """Those that are not fine."""
    return {name: check.outcome.value for name, check in checks.items() if check.outcome is not Outcome.PASS}


def test_namespace_as_shipped_passes_before_the_first_sign_in(examined: Examined) -> None:
    """The server's address is told; both Secrets may be empty."""
    checks = examined()
    assert outcomes(checks) == {}
    assert checks["cluster"].seen == "https://10.0.0.1:443 answers, and takes the ServiceAccount's token"
    assert checks["cluster_rules"].seen == "all 9 are there"
    assert checks["state_secret"].seen == (
        "entra/entra-state is there, and nobody has signed in yet; its Lease is free"
    )


def test_without_the_settings_nothing_is_asked(examined: Examined, cluster: InMemoryCluster) -> None:
    """An ordinary sidecar needs no client, and no API server."""
    assert set(outcomes(examined({})).values()) == {"skip"}
    assert cluster.calls == []


def test_pod_alone_needs_one_rule(examined: Examined) -> None:
    """An ordinary sidecar whose prompts are Events."""
    checks = examined({"SIDECAR_POD": ALL["SIDECAR_POD"]})
    assert checks["cluster_rules"].seen == "it is there"
    assert outcomes(checks) == dict.fromkeys(("cluster_excess", "state_secret", "token_secrets"), "skip")


def test_setting_that_is_wrong_leaves_all_out(examined: Examined, cluster: InMemoryCluster) -> None:
    """`settings` has told of it."""
    checks = examined({**ALL, "SIDECAR_POD": "shared-0"})
    assert set(outcomes(checks)) == set(checks)
    assert checks["cluster"].seen == "SIDECAR_POD is wrong"
    assert cluster.calls == []


@pytest.mark.parametrize(
    "error",
    [
        ClusterUnreachable("no route to it"),
        ClusterForbidden("the token is not accepted", cause="http 401"),
    ],
    ids=["unreachable", "401"],
)
def test_server_that_does_not_let_us_in_leaves_the_rest_out(
    examined: Examined, cluster: InMemoryCluster, error: ClusterError
) -> None:
    """Said once, with the server's own reason."""

    def fail(_call: str) -> None:
        raise error

    cluster.fail = fail
    with pytest.raises(type(error)):
        examined()
    assert len(cluster.calls) == 1


def test_base_image_is_told_once(key_file: Path) -> None:
    """The other checks do not say it again."""

    def missing() -> InMemoryServer:
        raise ConfigurationError("this image has no Kubernetes client", advice="Use the other one.")

    read, _ = read_what_is_right(ALL | {"SIDECAR_CACHE_KEY_FILE": str(key_file)}, {})
    checks = ClusterChecks(read, wrong=set(), server=missing, clock=SystemClock())
    with pytest.raises(ConfigurationError):
        checks.cluster()
    for check in list(checks.checks().values())[1:]:
        with pytest.raises(Skipped, match="cluster was not reached"):
            check()


def test_cluster_that_lets_nobody_ask_is_looked_at_as_far_as_possible(
    examined: Examined, cluster: InMemoryCluster
) -> None:
    """A hardened one may forbid SelfSubjectAccessReviews; the objects are read all the same."""

    def fail(call: str) -> None:
        if call.startswith("may"):
            raise ClusterForbidden("may not ask", cause="http 403")

    cluster.fail = fail
    checks = examined()
    assert outcomes(checks) == {"cluster_rules": "skip", "cluster_excess": "skip"}
    assert checks["cluster_rules"].seen == "the API does not say what is allowed: may not ask"


def test_missing_rule_and_one_too_many_are_two_findings(examined: Examined, cluster: InMemoryCluster) -> None:
    """The first is a reason not to start, the second a warning."""
    cluster.forbidden = {Rule("jobs", "", "secrets", "update", "entra-token")}
    checks = examined()
    assert outcomes(checks) == {"cluster_rules": "fail", "cluster_excess": "warn"}
    assert "missing in jobs: " in checks["cluster_rules"].seen
    assert checks["cluster_excess"].seen.count("create secrets in ") == 3


def test_object_that_is_not_there_hides_no_other(examined: Examined, cluster: InMemoryCluster) -> None:
    """The manifests make them; each is named."""
    del cluster.secrets[FURTHER]
    del cluster.leases[STATE]
    cluster.secrets[TOKEN] = replace(
        cluster.secrets[TOKEN], data={"expires_on": f"{int(NOW) + 3000}\n".encode()}
    )
    checks = examined()
    assert outcomes(checks) == {"state_secret": "fail", "token_secrets": "fail"}
    assert (
        checks["token_secrets"].seen == "apps/entra-token: token 50 min left; jobs/entra-token is not there"
    )
    assert "nobody has signed in yet; entra/entra-state is not there" in checks["state_secret"].seen


def test_secret_that_another_sidecar_has_claimed_is_told(
    examined: Examined, cluster: InMemoryCluster
) -> None:
    """What it says of its tokens is not our business; ours is claimed by the name of the state Secret."""
    for name, owner in ((TOKEN, f"state of {STATE}"), (FURTHER, "state of jobs/other")):
        cluster.secrets[name] = replace(cluster.secrets[name], annotations={OWNER: owner})
    check = examined()["token_secrets"]
    assert (check.outcome, check.seen) == (
        Outcome.FAIL,
        "apps/entra-token is there, and no token is in it; "
        "jobs/entra-token belongs to another sidecar (state of jobs/other)",
    )


def test_state_is_opened_with_our_key_and_names_who_is_signed_in(
    examined: Examined, cluster: InMemoryCluster, tmp_path: Path
) -> None:
    """As the next turn will; no token of it is shown."""
    raw = committed(tmp_path / "cache", sealed_with(1))
    cluster.secrets[STATE] = replace(cluster.secrets[STATE], data={"cache": raw})
    check = examined()["state_secret"]
    assert (check.outcome, check.seen) == (
        Outcome.PASS,
        "entra/entra-state opens with the key; alice@contoso.example is signed in; its Lease is free",
    )


@pytest.mark.parametrize(
    ("content", "outcome", "words"),
    [
        ("sealed with another", "fail", "is sealed with key"),
        ("altered", "warn", "has been altered or cut"),
        ("garbage", "warn", "not a cache of this program"),
        ("of another client", "fail", "belongs to another client_id"),
    ],
)
def test_state_that_cannot_be_opened_says_why(
    examined: Examined, cluster: InMemoryCluster, tmp_path: Path, content: str, outcome: str, words: str
) -> None:
    """A key that is missing is mended by a person; what is damaged is healed from the pod's own copy."""
    raw = committed(tmp_path / "cache", sealed_with(2 if "with another" in content else 1))
    if content == "of another client":
        cache = cache_at(tmp_path / "other", sealed_with(1), client_id=CLIENT.replace("2", "3"))
        cache.commit(None, {})
        raw = (tmp_path / "other").read_bytes()
    raw = {"altered": raw[:-1] + bytes([raw[-1] ^ 1]), "garbage": b"x" * 40}.get(content, raw)
    cluster.secrets[STATE] = replace(cluster.secrets[STATE], data={"cache": raw})
    check = examined()["state_secret"]
    assert check.outcome.value == outcome
    assert "entra/entra-state" in check.seen
    assert words in check.seen

"""The client for the Kubernetes API: failures by their name, with what helps, and never with a secret."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.adapters.kubernetes import LightkubeApi
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Rule
from sidecar.errors import (
    ClusterBusy,
    ClusterConflict,
    ClusterError,
    ClusterForbidden,
    ClusterRefused,
    ClusterUnreachable,
    ObjectMissing,
)
from tests.kubernetes_api.server import Fault, KubernetesApi
from tests.leaks import Leaks

TOKEN = ObjectName("apps", "entra-token")


@pytest.fixture
def account(kubernetes_api: KubernetesApi, tmp_path: Path) -> Path:
    """A mounted ServiceAccount."""
    kubernetes_api.store.add_secret(TOKEN, token=b"there")
    return kubernetes_api.account_dir(tmp_path / "account")


@pytest.fixture
def client(kubernetes_api: KubernetesApi, account: Path) -> LightkubeApi:
    """A client that does not wait between tries."""
    return LightkubeApi(server=kubernetes_api.url, account_dir=account, sleep=lambda _seconds: None)


def raised(call: Callable[[], Any]) -> ClusterError:
    """What comes of the call."""
    with pytest.raises(ClusterError) as caught:
        call()
    return caught.value


def test_a_missing_rule_is_spelled_out(kubernetes_api: KubernetesApi, client: LightkubeApi) -> None:
    """The line for the Role, where it belongs, and whom to bind it to: an administrator can paste it."""
    kubernetes_api.store.forbidden.add(Rule("apps", "", "secrets", "update", "entra-token"))
    read = client.secret(TOKEN)
    error = raised(lambda: client.replace_secret(replace(read, data={"token": b"x"})))
    assert type(error) is ClusterForbidden
    assert (
        '{apiGroups: [""], resources: [secrets], resourceNames: [entra-token], verbs: [get, update]}'
        in error.advice
    )
    assert "ServiceAccount entra-shared of namespace entra to a Role in namespace apps" in error.advice
    assert "--serviceaccount=entra:entra-shared" in error.advice
    assert 'User "system:serviceaccount:entra:entra-shared" cannot update' in error.message
    assert error.pause_seconds == 60


def test_a_policy_that_forbids_is_not_taken_for_a_missing_rule(
    kubernetes_api: KubernetesApi, client: LightkubeApi
) -> None:
    """Whoever adds a rule then would add it in vain."""
    kubernetes_api.befall(
        Fault("status", 403, message='admission webhook "deny.example.com" denied the request: no')
    )
    error = raised(lambda: client.secret(TOKEN))
    assert type(error) is ClusterForbidden
    assert "deny.example.com" in error.message
    assert "Role in namespace" not in error.advice


def test_a_token_that_is_not_accepted_is_told_apart(
    kubernetes_api: KubernetesApi, client: LightkubeApi
) -> None:
    """401 is no missing rule."""
    kubernetes_api.tokens.clear()
    error = raised(lambda: client.secret(TOKEN))
    assert type(error) is ClusterForbidden
    assert error.fields["cause"] == "http 401"
    assert "SIDECAR_SERVICE_ACCOUNT_DIR" in error.advice


@pytest.mark.parametrize("missing", ["token", "ca.crt"])
def test_an_account_that_is_not_mounted_is_named(
    kubernetes_api: KubernetesApi, account: Path, missing: str
) -> None:
    """automountServiceAccountToken is off in many places."""
    (account / missing).unlink()
    client = LightkubeApi(server=kubernetes_api.url, account_dir=account)
    error = raised(lambda: client.secret(TOKEN))
    assert type(error) is ClusterForbidden
    assert "automountServiceAccountToken" in error.advice


def test_an_object_that_is_not_there_is_for_the_manifests(client: LightkubeApi) -> None:
    """This program makes no Secret."""
    error = raised(lambda: client.secret(ObjectName("apps", "other")))
    assert type(error) is ObjectMissing
    assert "kubectl apply" in error.advice
    assert error.pause_seconds == 60


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (409, ClusterConflict),
        (410, ClusterConflict),
        (413, ClusterRefused),
        (415, ClusterRefused),
        (429, ClusterBusy),
        (500, ClusterBusy),
        (503, ClusterBusy),
        (504, ClusterBusy),
    ],
)
def test_each_status_has_its_error(
    kubernetes_api: KubernetesApi, client: LightkubeApi, code: int, kind: type[ClusterError]
) -> None:
    """All of them let the loop go on."""
    kubernetes_api.befall(Fault("status", code, times=2))
    assert type(raised(lambda: client.secret(TOKEN))) is kind


@pytest.mark.parametrize(("asked", "pause"), [("7", 7), ("0", 1), ("99999", 3600), ("soon", 20), (None, 20)])
def test_the_servers_pause_is_kept_within_bounds(
    kubernetes_api: KubernetesApi, client: LightkubeApi, asked: str | None, pause: int
) -> None:
    """Retry-After, between a second and an hour."""
    kubernetes_api.befall(Fault("status", 429, retry_after=asked))
    error = raised(lambda: client.secret(TOKEN))
    assert (type(error), error.pause_seconds) == (ClusterBusy, pause)


@pytest.mark.parametrize(
    "fault", [Fault("reset"), Fault("status", 500), Fault("status", 503, retry_after="1")]
)
def test_one_failure_that_passes_is_not_told(
    kubernetes_api: KubernetesApi, client: LightkubeApi, fault: Fault
) -> None:
    """An API server that is rolled over costs one more try."""
    kubernetes_api.befall(fault)
    assert client.secret(TOKEN).data == {"token": b"there"}
    assert kubernetes_api.count("get", "secrets") == 2


@pytest.mark.parametrize(
    "fault", [Fault("status", 429), Fault("status", 503, retry_after="30"), Fault("html")]
)
def test_a_server_that_wants_a_pause_has_it(
    kubernetes_api: KubernetesApi, client: LightkubeApi, fault: Fault
) -> None:
    """No second try in the same turn."""
    kubernetes_api.befall(fault)
    raised(lambda: client.secret(TOKEN))
    assert kubernetes_api.count("get", "secrets") == 1


@pytest.mark.parametrize("kind", ["html", "nonsense"])
def test_somebody_elses_answer_is_no_empty_secret(
    kubernetes_api: KubernetesApi, client: LightkubeApi, kind: str
) -> None:
    """A portal or another service that answers 200."""
    kubernetes_api.befall(Fault(kind))
    error = raised(lambda: client.secret(TOKEN))
    assert type(error) is ClusterUnreachable
    assert "proxy" in error.advice


def test_a_server_that_is_down_is_asked_again_when_it_is_up(
    kubernetes_api: KubernetesApi, client: LightkubeApi, account: Path
) -> None:
    """Refused, and soon after not even asked: five Secrets do not wait five times."""
    client.secret(TOKEN)
    kubernetes_api.stop()
    error = raised(lambda: client.secret(TOKEN))
    assert type(error) is ClusterUnreachable
    kubernetes_api.start()
    asked = len(kubernetes_api.asked)
    assert raised(lambda: client.secret(TOKEN)).message == error.message
    assert len(kubernetes_api.asked) == asked
    later = LightkubeApi(server=kubernetes_api.url, account_dir=account)
    assert later.secret(TOKEN).data == {"token": b"there"}


def test_a_silent_server_is_left_after_five_seconds(
    kubernetes_api: KubernetesApi, client: LightkubeApi
) -> None:
    """And not asked a second time: there is a token to be published."""
    kubernetes_api.befall(Fault("hang", times=None))
    started = time.monotonic()
    error = raised(lambda: client.secret(TOKEN))
    assert 4 < time.monotonic() - started < 9
    assert error.fields["cause"] == "time-out"
    assert kubernetes_api.count("get", "secrets") == 1


def test_another_authority_is_not_trusted(kubernetes_api: KubernetesApi, account: Path) -> None:
    """ca.crt and nothing else; the log says what is trusted."""
    with KubernetesApi() as other:
        other.account_dir(account)
    client = LightkubeApi(server=kubernetes_api.url, account_dir=account)
    error = raised(lambda: client.secret(TOKEN))
    assert type(error) is ClusterUnreachable
    assert error.fields["cause"] == "tls"
    assert kubernetes_api.asked == []


def test_too_much_is_refused_in_words(client: LightkubeApi) -> None:
    """1 MiB and a byte."""
    read = client.secret(TOKEN)
    error = raised(lambda: client.replace_secret(replace(read, data={"token": b"x" * ((1 << 20) + 1)})))
    assert type(error) is ClusterRefused
    assert "data: FieldValueTooLong" in error.message
    assert "1 MiB" in error.advice


@pytest.mark.parametrize("code", [400, 403, 422, 500])
def test_no_refusal_shows_what_was_to_be_written(
    kubernetes_api: KubernetesApi, client: LightkubeApi, leaks: Leaks, code: int
) -> None:
    """Servers up to 1.22 quote the body around a mistake, and a webhook may quote anything."""
    secret = "eyJhbGciOiJub25lIn0.stolen-by-a-message.sig"
    leaks.issued({secret})
    read = client.secret(TOKEN)
    for quoted in (secret[5:25], "ZXlKaGJHY2lPaUp1YjI1bEluMC5zdG9sZW4"):
        kubernetes_api.befall(Fault("status", code, times=2, message=f"error found near ...|{quoted}|..."))
        error = raised(lambda: client.replace_secret(replace(read, data={"token": secret.encode()})))
        told = f"{error!r} {error.advice} {error.fields} {error.__cause__!r} {error.__context__!r}"
        assert quoted not in told
        assert f"{code}" in error.message
    assert secret not in repr(replace(read, data={"token": secret.encode()}))

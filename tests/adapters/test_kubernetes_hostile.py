"""Whoever answers in the place of the API server: every answer is a failure by its name, and none is quoted
that may hold the ServiceAccount's token or a Secret's values.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from sidecar.adapters.kubernetes import LightkubeApi
from sidecar.adapters.kubernetes.transport import Bounded
from sidecar.core.kubernetes.names import ObjectName
from sidecar.errors import ClusterError, ClusterForbidden, ClusterUnreachable
from tests.adapters.http_clients import CERTIFICATE, ISSUER, issuer_file
from tests.adapters.tls_server import Behaviour, TlsServer, answering, saying
from tests.kubernetes_api.server import Fault, KubernetesApi

TOKEN = ObjectName("apps", "entra-token")
ACCOUNT_TOKEN = "sa-token-0123456789abcdef"


def failure(behave: Behaviour, folder: Path, *, account_token: str = ACCOUNT_TOKEN) -> ClusterError:
    """What becomes of a look at a Secret."""
    ISSUER.cert_pem.write_to_path(str(folder / "ca.crt"))
    (folder / "token").write_text(account_token)
    with TlsServer(CERTIFICATE, behave) as server:
        client = LightkubeApi(server=server.url, account_dir=folder, sleep=lambda _seconds: None)
        with pytest.raises(ClusterError) as caught:
            client.secret(TOKEN)
        client.close()
    return caught.value


def told(error: ClusterError) -> str:
    """All that anything could print of it."""
    return f"{error!r} {error.advice} {error.fields} {error.__cause__!r} {error.__context__!r}"


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_an_answer_nested_without_end_ends_no_turn(tmp_path: Path, status: int, opening: bytes) -> None:
    """A reader that gives up on it is one more way not to be answered."""
    assert failure(answering(status, opening * 100_000), tmp_path).retryable


@pytest.mark.parametrize(
    "start",
    [f"Bearer {ACCOUNT_TOKEN}", f"HTTP/1.1 200 OK\r\nAuthorization Bearer {ACCOUNT_TOKEN}"],
    ids=["status line", "header"],
)
def test_who_sends_back_what_was_asked_is_not_quoted(tmp_path: Path, start: str) -> None:
    """h11 cites the line that it does not understand."""
    error = failure(saying(f"{start}\r\n\r\n".encode()), tmp_path)
    assert type(error) is ClusterUnreachable
    assert ACCOUNT_TOKEN not in told(error)
    assert "line" in error.message


@pytest.mark.parametrize("status", [403, 409, 422, 500])
def test_a_refusal_that_shows_the_accounts_token_is_not_quoted(tmp_path: Path, status: int) -> None:
    """A proxy for debugging may well."""
    said = {"message": f"no: Bearer {ACCOUNT_TOKEN}", "details": {"causes": [{"field": ACCOUNT_TOKEN}]}}
    error = failure(answering(status, json.dumps(said).encode()), tmp_path)
    assert ACCOUNT_TOKEN not in told(error)
    assert str(status) in error.message


@pytest.mark.parametrize(
    "content", ["", "\n", f"{ACCOUNT_TOKEN}\nand more", f"{ACCOUNT_TOKEN}\x00", "tökén-of-it"]
)
def test_a_file_that_holds_no_token_is_neither_sent_nor_shown(tmp_path: Path, content: str) -> None:
    """The advice is to look at the file, and not at the network."""
    error = failure(answering(200), tmp_path, account_token=content)
    assert type(error) is ClusterForbidden
    assert "SIDECAR_SERVICE_ACCOUNT_DIR" in error.advice
    assert ACCOUNT_TOKEN not in told(error)


def test_a_token_that_is_damaged_while_we_run_is_not_shown(
    kubernetes_api: KubernetesApi, tmp_path: Path
) -> None:
    """It is read anew after a 401, and the client quotes what it can't send."""
    account = kubernetes_api.account_dir(tmp_path / "account")
    kubernetes_api.store.add_secret(TOKEN, token=b"there")
    client = LightkubeApi(server=kubernetes_api.url, account_dir=account)
    client.secret(TOKEN)
    kubernetes_api.tokens.clear()
    (account / "token").write_text(f"{ACCOUNT_TOKEN}\nand more")
    with pytest.raises(ClusterForbidden) as caught:
        client.secret(TOKEN)
    assert ACCOUNT_TOKEN not in told(caught.value)
    assert "SIDECAR_SERVICE_ACCOUNT_DIR" in caught.value.advice


def test_a_refusal_that_shows_what_was_replaced_is_not_quoted(
    kubernetes_api: KubernetesApi, tmp_path: Path
) -> None:
    """The token before is valid for a while yet; a webhook sees it as well."""
    kubernetes_api.store.add_secret(TOKEN, token=b"the-token-before-this-one")
    client = LightkubeApi(server=kubernetes_api.url, account_dir=kubernetes_api.account_dir(tmp_path / "a"))
    read = client.secret(TOKEN)
    message = "denied: was the-token-before-this-one"
    kubernetes_api.befall(Fault("status", 403, verb="update", message=message))
    with pytest.raises(ClusterForbidden) as caught:
        client.replace_secret(replace(read, data={"token": b"new"}))
    assert "token-before" not in told(caught.value)


def test_a_compressed_answer_is_not_unpacked(tmp_path: Path) -> None:
    """A few kilobytes would fill the memory: none is asked for, and none is taken."""
    packed = answering(200, gzip.compress(b" " * (8 << 20)), Content_Encoding="gzip")
    with (
        TlsServer(CERTIFICATE, packed) as server,
        httpx2.Client(transport=Bounded(issuer_file(tmp_path)), trust_env=False) as client,
    ):
        with pytest.raises(httpx2.RemoteProtocolError, match="compressed"):
            client.get(f"{server.url}/")
        assert server.received[0].headers["accept-encoding"] == "identity"

"""POSTs to real receivers, good and bad; of the URL nothing but the host is ever told."""

from __future__ import annotations

import base64
import json
import threading
import time
from pathlib import Path

import pytest

from sidecar.adapters.courier import Trouble
from sidecar.adapters.webhook import Patience, Webhook
from sidecar.core.prompt_messages import as_json
from sidecar.posix.opener import opener_trusting
from tests.adapters.http_clients import CERTIFICATE, issuer_file
from tests.adapters.receiver import SECRET_PATH, Answer, Receiver, dripping, hanging, resetting, slow, status
from tests.adapters.tls_server import TlsServer, answering

RECORD = {"event": "signin.code_issued", "user_code": "ABCD1234"}
SHORT = Patience(request=0.5, first_pause=0.05, longest_pause=3)


def deliver(url: str, *, ca_file: Path | None = None, patience: Patience = SHORT) -> Trouble | None:
    """Bring one record to `url`."""
    webhook = Webhook(url, message=as_json, now=time.time, opener=opener_trusting(ca_file), patience=patience)
    trouble = webhook(RECORD, threading.Event())
    assert "SECRET" not in json.dumps(trouble)
    assert "secret" not in json.dumps(trouble)
    return trouble


@pytest.mark.parametrize("code", [200, 202, 204])
def test_receiver_gets_the_message_once(code: int) -> None:
    """JSON at the path and query that were given."""
    with Receiver(status(code)) as receiver:
        assert deliver(receiver.url) is None
    (post,) = receiver.posts
    assert (post.path, post.body) == (SECRET_PATH, RECORD)
    assert post.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("code", [400, 403, 404, 410])
def test_refusal_is_final(code: int) -> None:
    """The same would be refused again."""
    with Receiver(status(code)) as receiver:
        assert deliver(receiver.url) == {"host": receiver.host, "cause": f"http {code}", "tries": 1}
    assert len(receiver.posts) == 1


@pytest.mark.parametrize(
    "first", [status(500), status(503), status(408), resetting], ids=["500", "503", "408", "reset"]
)
def test_trouble_in_passing_is_tried_again(first: Answer) -> None:
    """An error of the server or of the network costs a try, not the message."""
    with Receiver(first, status(200)) as receiver:
        assert deliver(receiver.url) is None
    assert len(receiver.posts) == 2


@pytest.mark.parametrize(
    ("answer", "cause"), [(status(502), "http 502"), (hanging, "time-out")], ids=["502", "hangs"]
)
def test_third_failure_is_the_last(answer: Answer, cause: str) -> None:
    """What does not get better is given up, and told with the host alone."""
    with Receiver(answer) as receiver:
        assert deliver(receiver.url) == {"host": receiver.host, "cause": cause, "tries": 3}
        assert len(receiver.posts) == 3


def test_receiver_says_when() -> None:
    """429 with Retry-After: not sooner."""
    with Receiver(status(429, Retry_After="1"), status(200)) as receiver:
        started = time.monotonic()
        assert deliver(receiver.url) is None
        assert time.monotonic() - started >= 1
    assert len(receiver.posts) == 2


def test_too_long_a_pause_is_not_waited_for() -> None:
    """Nor is the receiver asked sooner than it wants."""
    with Receiver(status(429, Retry_After="4")) as receiver:
        assert deliver(receiver.url) == {"host": receiver.host, "cause": "http 429", "tries": 1}


def test_slow_receiver_has_its_time() -> None:
    """Within the time of one try it is not asked again."""
    with Receiver(slow(0.3)) as receiver:
        assert deliver(receiver.url, patience=Patience(request=5)) is None
    assert len(receiver.posts) == 1


def test_drip_of_bytes_ends_with_the_time_of_a_try() -> None:
    """It keeps a socket's own time-out from ever coming."""
    with Receiver(dripping, status(200)) as receiver:
        started = time.monotonic()
        assert deliver(receiver.url) is None
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("code", [302, 307, 308])
def test_redirect_is_not_followed(code: int) -> None:
    """The code goes to the host that was named, or nowhere."""
    with Receiver() as other, Receiver(status(code, Location=other.url)) as receiver:
        assert deliver(receiver.url) == {"host": receiver.host, "cause": f"http {code}", "tries": 1}
    assert other.posts == []


def test_tls_is_trusted_as_everywhere(tmp_path: Path) -> None:
    """SIDECAR_CA_FILE counts; without it the receiver's certificate is refused, and told so."""
    with TlsServer(CERTIFICATE, answering(200)) as server:
        assert deliver(f"{server.url}{SECRET_PATH}", ca_file=issuer_file(tmp_path)) is None
        trouble = deliver(f"{server.url}{SECRET_PATH}")
    assert trouble is not None
    assert str(trouble["cause"]).startswith("certificate not trusted: ")
    assert (trouble["host"], trouble["tries"]) == (server.host, 1)


def test_unknown_name_is_told() -> None:
    """`.invalid` never resolves (RFC 6761)."""
    trouble = deliver(f"http://hooks.invalid{SECRET_PATH}")
    assert trouble == {"host": "hooks.invalid", "cause": "dns", "tries": 3}


def test_nobody_listening_is_told() -> None:
    """By the kind of the failure."""
    with Receiver() as receiver:
        pass
    assert deliver(receiver.url) == {"host": receiver.host, "cause": "ConnectionRefusedError", "tries": 3}


def test_user_and_password_of_the_url_become_a_header() -> None:
    """And are told to nobody."""
    with Receiver() as receiver:
        url = f"http://me:pass%2Fword@{receiver.host}{SECRET_PATH}"
        webhook = Webhook(url, message=as_json, now=time.time, opener=opener_trusting(None))
        assert webhook(RECORD, threading.Event()) is None
    assert webhook.host == receiver.host
    (post,) = receiver.posts
    assert post.headers["Authorization"] == "Basic " + base64.b64encode(b"me:pass/word").decode()


@pytest.mark.parametrize("answer", [hanging, status(503)], ids=["in a try", "between two"])
def test_given_up_it_ends_at_once(answer: Answer) -> None:
    """In the middle of a try, and between two: TERM ends every role within a second."""
    over = threading.Event()
    patience = Patience(request=20, first_pause=20)
    with Receiver(answer) as receiver:
        webhook = Webhook(
            receiver.url, message=as_json, now=time.time, opener=opener_trusting(None), patience=patience
        )
        ended: list[Trouble | None] = []
        thread = threading.Thread(target=lambda: ended.append(webhook(RECORD, over)))
        thread.start()
        while not receiver.posts:
            time.sleep(0.01)
        over.set()
        thread.join(1)
        assert not thread.is_alive()
    assert ended[0] is not None
    assert ended[0]["cause"] == "given up"
    assert len(receiver.posts) == 1

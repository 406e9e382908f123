"""`docker compose --profile serve up`: the optional role beside the stack, on a real engine."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.compose.stack import Stack
from tests.engines.docker import eventually
from tests.leaks import Leaks

pytestmark = pytest.mark.image

GRAPH = "https://graph.microsoft.com"


@pytest.fixture(scope="module")
def serving(images: None, new_stack: Callable[..., Stack], leaks: Leaks) -> Iterator[Stack]:
    """The demo with `serve`, and a person who has signed in."""
    assert images is None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    stack = new_stack(COMPOSE_PROFILES="serve", SERVE_PORT=str(port))
    stack.sign_in()
    yield stack
    leaks.issued(stack.secrets() | {secret_of(stack)})
    stack.logs()


def secret_of(stack: Stack) -> str:
    """What a person reads who opens the page."""
    return stack.read_volume("serve-secret", "secret").strip()


def get(stack: Stack, path: str, secret: str = "") -> requests.Response:
    """From this machine, as a browser would: the secret as password."""
    with requests.Session() as session:
        session.trust_env = False
        told = base64.b64encode(f"anybody:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {told}"} if secret else {}
        return session.get(
            f"http://127.0.0.1:{stack.settings['SERVE_PORT']}{path}", headers=headers, timeout=10
        )


def test_this_machine_reaches_it_with_the_secret_that_was_made(serving: Stack) -> None:
    """Published on loopback alone; without the secret not even health is told."""
    secret = secret_of(serving)
    assert len(secret) == 64
    refused = get(serving, "/readiness")
    assert (refused.status_code, refused.headers["WWW-Authenticate"][:5]) == (401, "Basic")
    eventually(lambda: get(serving, "/readiness", secret).status_code == 200, "a token that lives")
    assert get(serving, "/readiness", secret).text.startswith("ok: token live for ")
    assert get(serving, "/liveness", secret).text.startswith("ok: heartbeat ")
    (binding,) = serving.inspect("serve")["NetworkSettings"]["Ports"]["8484/tcp"]
    assert binding["HostIp"] == "127.0.0.1"


def test_apps_reach_it_by_its_name(serving: Stack) -> None:
    """http://serve:8484, with the secret and not without."""
    container = serving.container("app-py")

    def status(secret: str) -> str:
        program = (
            "import urllib.request as u\n"
            f"headers = {{'X-IDENTITY-HEADER': {secret!r}}}\n"
            "request = u.Request('http://serve:8484/readiness', headers=headers)\n"
            "try: print(u.urlopen(request, timeout=10).status)\n"
            "except u.HTTPError as e: print(e.code)\n"
        )
        return container.execute("python3", "-c", program).strip()

    secret = secret_of(serving)
    eventually(lambda: status(secret) == "200", "a token that lives")
    assert status("another-secret-of-that-length") == "401"


def test_app_gets_the_persons_token_as_from_app_service(serving: Stack) -> None:
    """Managed identity by the service's name; a resource that nobody configured is refused with the fix."""
    container, secret = serving.container("app-py"), secret_of(serving)

    def asked(resource: str) -> str:
        program = (
            "import json, urllib.request as u\n"
            f"url = 'http://serve:8484/msi/token?api-version=2019-08-01&resource={resource}'\n"
            f"request = u.Request(url, headers={{'X-IDENTITY-HEADER': {secret!r}}})\n"
            "try: reply = json.load(u.urlopen(request, timeout=10)); print(reply['resource'])\n"
            "except u.HTTPError as e: print(e.code, e.read().decode())\n"
        )
        return container.execute("python3", "-c", program).strip()

    eventually(lambda: asked(GRAPH) == GRAPH, "the token that the stack is for")
    assert "SIDECAR_TOKENS" in asked("https://vault.azure.net")


def test_page_and_metrics_are_in_the_image(serving: Stack) -> None:
    """What they import has to be in it."""
    secret = secret_of(serving)
    assert "</html>" in get(serving, "/", secret).text
    assert "entra_sidecar_build_info" in get(serving, "/metrics", secret).text


def test_it_can_change_nothing_and_has_no_key(serving: Stack) -> None:
    """Every mount and the root are read-only; the key of the state is not among them."""
    found = serving.inspect("serve")
    mounts = {mount["Destination"]: mount["RW"] for mount in found["Mounts"]}
    assert mounts == {
        "/var/run/secrets/entra": False,
        "/var/lib/entra-sidecar": False,
        "/etc/entra-serve": False,
    }
    assert found["HostConfig"]["ReadonlyRootfs"] is True
    assert found["Config"]["User"] == "65532:65532"


def test_the_secret_outlives_a_restart(serving: Stack) -> None:
    """It is made once."""
    before = secret_of(serving)
    serving.compose("up", "--detach", "--force-recreate", "serve-secret", "serve")
    assert secret_of(serving) == before
    eventually(lambda: answers(serving, before), "serve is back")


def answers(stack: Stack, secret: str) -> bool:
    """Whether it does."""
    try:
        return get(stack, "/readiness", secret).status_code == 200
    except requests.ConnectionError:
        return False

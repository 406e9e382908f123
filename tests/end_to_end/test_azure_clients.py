"""Microsoft's own libraries, unmodified, get the signed-in person's tokens from a real `serve`."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.clients.running import App, javascript_app, python_app
from tests.emulator import Emulator
from tests.end_to_end.pod import eventually
from tests.end_to_end.served import VAULT, Served

CLIENTS = {"python": python_app, "javascript": javascript_app}


@pytest.mark.parametrize("language", CLIENTS)
@pytest.mark.parametrize("shape", ["app_service", "metadata"])
def test_unmodified_app_gets_tokens_and_secrets(
    served: Callable[..., Served], entra: Emulator, language: str, shape: str
) -> None:
    """ManagedIdentityCredential and DefaultAzureCredential, by each way in; a vault's own client opens the
    vault with it, and the vault sees the person.
    """
    command = CLIENTS[language]()
    here = served()
    document = here.pod.document("vault")
    # An app's image may name the app registration as well; it is ours, so that is right.
    environ = getattr(here, shape) | {
        "AZURE_CLIENT_ID": entra.client_id,
        "NODE_EXTRA_CA_CERTS": str(entra.ca_file),
    }
    with App(command, environ) as app:
        for credential in ("managed", "default", *(["async"] if language == "python" else [])):
            told = app.ask(credential, scope=VAULT)
            assert told.get("error") is None
            assert (told["token"] == document["access_token"]) is True
            assert abs(told["expires_on"] - document["expires_on"]) <= 2
        greeting = app.ask("default", vault=entra.authority_host, ca=str(entra.ca_file))
        assert greeting == {"value": "Good morning, Alice Adams"}
        refused = app.ask(scope="https://other.test/.default")
        assert "SIDECAR_TOKENS" in refused["error"]
    assert here.role.stop()[1] < 5
    assert "Traceback" not in here.role.output


@pytest.mark.parametrize("language", CLIENTS)
def test_app_that_expects_somebody_else_gets_no_token(served: Callable[..., Served], language: str) -> None:
    """AZURE_CLIENT_ID of another identity in the app's environment: refused, and the answer says the fix."""
    command = CLIENTS[language]()
    here = served()
    stranger = {"AZURE_CLIENT_ID": "99999999-0000-4000-8000-000000000009"}
    with App(command, here.app_service | stranger) as app:
        told = app.ask("default", scope=VAULT)
    assert "token" not in told
    assert "AZURE_CLIENT_ID" in told["error"]


@pytest.mark.parametrize("language", CLIENTS)
def test_app_without_the_secret_gets_no_token(served: Callable[..., Served], language: str) -> None:
    """And is told so in words."""
    command = CLIENTS[language]()
    here = served()
    with App(command, here.app_service | {"IDENTITY_HEADER": "wrong"}) as app:
        told = app.ask(scope=VAULT)
    assert "token" not in told
    assert "secret" in told["error"]


@pytest.mark.parametrize("language", CLIENTS)
def test_renewed_token_reaches_an_app_that_asks_again(
    served: Callable[..., Served], entra: Emulator, language: str
) -> None:
    """Clients keep a token until five minutes before its end, and a new one of them gets the new token. One
    that lives no longer than that is asked for each time.
    """
    command = CLIENTS[language]()
    here = served()
    first = here.pod.document("vault")["access_token"]
    with App(command, here.app_service) as app:
        assert app.ask(scope=VAULT)["token"] == first
        entra.policy.token_life = 200
        second = here.renew()
        assert (second != first, app.ask(scope=VAULT)["token"] == first) == (True, True)
    with App(command, here.app_service) as app:
        assert app.ask(scope=VAULT)["token"] == second
        third = here.renew()
        assert (third != second, app.ask(scope=VAULT)["token"] == third) == (True, True)


def test_curl_gets_a_token_in_both_shapes(served: Callable[..., Served]) -> None:
    """What the documents show, with the header and without."""
    here = served()
    expected = here.pod.document("vault")["access_token"]
    query = "resource=https://vault.azure.net"
    app_service = f"/msi/token?api-version=2019-08-01&{query}"
    metadata = f"/metadata/identity/oauth2/token?api-version=2018-02-01&{query}"
    assert expected in here.curl(app_service, "--header", f"X-IDENTITY-HEADER: {here.secret}")
    assert expected in here.curl(metadata, "--header", "Metadata: true")
    for path, options in (
        (app_service, ()),
        (app_service, ("--header", "X-IDENTITY-HEADER: wrong")),
        (metadata, ()),
        (metadata, ("--header", "Metadata: false")),
    ):
        told = here.curl(path, *options, "--write-out", "%{http_code}")
        assert told[-3:] in ("400", "401", "403")
        assert expected not in told


def test_app_outlasts_an_expired_token(served: Callable[..., Served], entra: Emulator) -> None:
    """It is told to come again, does so by itself, and gets the token that was renewed meanwhile; the expired
    one is never handed out.
    """
    entra.policy.token_life = 3
    here = served()
    old = here.pod.document("vault")
    entra.policy.token_life = 3600
    eventually(lambda: time.time() > old["expires_on"], "the token's end")
    with App(python_app(), here.app_service) as app, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(app.ask, scope=VAULT)
        status = here.curl(
            "/msi/token?api-version=2019-08-01&resource=https://vault.azure.net",
            *("--header", f"X-IDENTITY-HEADER: {here.secret}", "--write-out", "%{http_code}"),
        )
        assert (status[-3:], "has expired" in status) == ("503", True)
        renewed = here.renew()
        told = asking.result()
    assert told.get("error") is None
    assert (told["token"] == renewed) is True

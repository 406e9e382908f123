"""A token that nobody configured, fetched because an app asks `serve` for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.clients.running import App, python_app
from tests.emulator import Emulator
from tests.end_to_end.served import Served

ARM = "https://management.azure.com"


def ask(here: Served, resource: str) -> tuple[int, dict[str, Any]]:
    """As an app without a library would: the status, and the JSON."""
    path = f"/msi/token?api-version=2019-08-01&resource={resource}"
    told = here.curl(path, "--header", f"X-IDENTITY-HEADER: {here.secret}", "--write-out", "%{http_code}")
    return int(told[-3:]), json.loads(told[:-3])


def test_allowed_resource_is_fetched_once_and_published(
    served: Callable[..., Served], entra: Emulator
) -> None:
    """An unmodified app gets it, others at the same time too, for one request to Entra and no prompt; from
    then on it is a file as well.
    """
    here = served(SIDECAR_ON_DEMAND=ARM)
    before, prompts = entra.count("token:refresh_token"), entra.count("devicecode")
    with App(python_app(), here.app_service) as app, ThreadPoolExecutor(2) as pool:
        others = [pool.submit(ask, here, f"{ARM}/") for _ in range(2)]
        told = app.ask(scope=f"{ARM}/.default")
        assert told.get("error") is None
        statuses = [other.result()[0] for other in others]
    assert set(statuses) <= {200, 503}  # a third waits for nobody: it is told to come again
    assert 200 in statuses
    assert (told["token"] == here.pod.document("management.azure.com")["access_token"]) is True
    assert entra.count("token:refresh_token") == before + 1
    assert entra.count("devicecode") == prompts
    status, other = ask(here, "https://storage.azure.com")
    assert (status, "SIDECAR_ON_DEMAND" in other["message"]) == (400, True)
    assert here.role.stop()[1] < 5


def test_refused_fetch_tells_why_and_asks_nobody(served: Callable[..., Served], entra: Emulator) -> None:
    """Consent is missing: the app is told Entra's number; nobody is prompted, and Entra is not asked again at
    once.
    """
    entra.withhold_consent(ARM)
    here = served(SIDECAR_ON_DEMAND="any")
    prompts = entra.count("devicecode")
    status, told = ask(here, ARM)
    assert status == 400
    assert "65001" in told["message"]
    asked = entra.count("token:refresh_token")
    assert ask(here, ARM)[0] == status
    assert (entra.count("token:refresh_token"), entra.count("devicecode")) == (asked, prompts)

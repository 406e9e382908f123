"""Between MSAL and an authority whose answers are odd: named by what has to happen next, never kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msal
import pytest

from sidecar.adapters.entra import Entra
from sidecar.adapters.entra.baton import Baton
from sidecar.adapters.entra.guard import Guard
from sidecar.adapters.http.answer import Response
from sidecar.core.grant import Authority
from sidecar.core.schedule import Anchor
from sidecar.errors import AuthorityMisconfigured, AuthorityUnreachable

URL = "https://login.example/t"
DISCOVERY: dict[str, Any] = {
    "issuer": URL,
    "authorization_endpoint": f"{URL}/authorize",
    "token_endpoint": f"{URL}/token",
    "device_authorization_endpoint": f"{URL}/devicecode",
}


@dataclass
class Answers:
    """A transport that answers everything alike."""

    status: int
    document: dict[str, Any]
    forgotten: int = field(default=0)

    def get(self, url: str, **_kwargs: Any) -> Response:
        """The answer."""
        del url
        return Response(self.status, json.dumps(self.document))

    post = get

    def forget(self) -> None:
        """Count."""
        self.forgotten += 1

    def close(self) -> None:
        """Nothing is open."""


class Starved(Answers):
    """Has no memory left for an answer."""

    def get(self, url: str, **_kwargs: Any) -> Response:
        """None."""
        del url
        raise MemoryError

    post = get


def entra_with(transport: Answers, *, oidc: bool) -> Entra:
    """A client of that authority."""
    return Entra(
        authority=Authority(URL, oidc=oidc),
        client_id="client",
        cache=msal.TokenCache,
        transport=transport,
        clocks=lambda: Anchor(0.0, 0.0, "boot"),
    )


@pytest.mark.parametrize("status", [302, 400, 403, 404])
def test_grant_that_is_no_success_is_an_error(status: int) -> None:
    """A token behind a refusal is none (RFC 6749 section 5.1 asks for 200); MSAL would take it."""
    told = json.loads(Guard(Answers(status, {"access_token": "a"}), Baton()).post(URL).text)
    assert told["error"] == f"http {status}"


@pytest.mark.parametrize(("status", "error"), [(400, "slow_down"), (200, "slow_down"), (200, None)])
def test_error_of_the_authority_stays_its_own(status: int, error: str | None) -> None:
    """What it says decides; a success without an error is one."""
    document = {"access_token": "a"} if error is None else {"error": error}
    assert json.loads(Guard(Answers(status, document), Baton()).post(URL).text) == document


@pytest.mark.parametrize("status", [201, 302])
def test_discovery_document_that_is_no_success_is_tried_again(status: int) -> None:
    """A proxy's page may be JSON too; MSAL would raise what nobody expects."""
    with pytest.raises(AuthorityUnreachable, match=f"answered {status}"):
        entra_with(Answers(status, DISCOVERY), oidc=False).begin_device_flow(("scope",))


@pytest.mark.parametrize("name", ["issuer", "token_endpoint"])
@pytest.mark.parametrize("value", [5, ["x"], {"x": 1}, True])
def test_discovery_document_of_odd_types_is_told_and_forgotten(name: str, value: object) -> None:
    """It would be kept for a day."""
    transport = Answers(200, DISCOVERY | {name: value})
    with pytest.raises(AuthorityMisconfigured, match="not usable as an authority"):
        entra_with(transport, oidc=True).begin_device_flow(("scope",))
    assert transport.forgotten == 1


def test_memory_that_is_short_is_no_mistake_in_the_settings() -> None:
    """Such a mistake would end the loop, and the document is as good as it was."""
    transport = Starved(200, DISCOVERY)
    with pytest.raises(MemoryError):
        entra_with(transport, oidc=True).begin_device_flow(("scope",))
    assert transport.forgotten == 0

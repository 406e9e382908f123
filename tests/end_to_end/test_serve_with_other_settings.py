"""`serve` whose settings are older or fewer than those of `refresh`: a request takes nothing away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.emulator import Emulator
from tests.end_to_end.served import Served
from tests.end_to_end.test_on_demand_served import ARM, ask


def beside(here: Served, **settings: str) -> Served:
    """One more `serve` for the same directories."""
    role = here.pod.start("serve", **settings)
    return Served(here.pod, role, f"http://{role.wait_for('serve.started')['address']}", here.secret)


def test_token_is_added_to_those_that_it_does_not_know(served: Callable[..., Served]) -> None:
    """It knows neither `vault` nor its scopes: what the loop has published stays, to the byte."""
    here = served(SIDECAR_ON_DEMAND="any", SIDECAR_FORMATS="header")
    before = here.pod.document("vault")
    other = beside(here, SIDECAR_TOKENS="", SIDECAR_FORMATS="")
    status, told = ask(other, ARM)
    assert status == 200, told.get("message")
    assert here.pod.document("vault") == before
    assert (here.pod.tokens / "vault" / "header").exists()


@pytest.mark.parametrize("name", ["AZURE_CLIENT_ID", "AZURE_TENANT_ID"])
def test_sign_in_of_another_app_is_left_alone(
    served: Callable[..., Served], entra: Emulator, name: str
) -> None:
    """400 says what is wrong, the same each time, and the loop's sign-in is where it was."""
    here = served(SIDECAR_ON_DEMAND="any")
    cache = sorted((path.name, path.read_bytes()) for path in here.pod.private.glob("cache*"))
    requests = len(entra.requests)
    other = beside(here, **{name: "99999999-0000-4000-8000-000000000009"})
    status, told = ask(other, ARM)
    assert (status, "not the one that refresh has" in told["message"]) == (400, True)
    assert ask(other, ARM) == (status, told)
    assert sorted((path.name, path.read_bytes()) for path in here.pod.private.glob("cache*")) == cache
    assert len(entra.requests) == requests

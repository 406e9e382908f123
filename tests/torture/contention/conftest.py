"""Pods of the stand-in and of the certified provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod
from tests.leaks import Leaks
from tests.oidc_provider.provider import OidcProvider

GRAPH = "https://graph.microsoft.com/.default"


@pytest.fixture
def new_entra_pod(new_pod: Callable[..., Pod], entra: Emulator) -> Callable[..., Pod]:
    """Makes pods that want a Graph token of the stand-in."""

    def make(**settings: str) -> Pod:
        return new_pod(
            AZURE_AUTHORITY_HOST=entra.authority_host,
            AZURE_TENANT_ID=entra.tenant_id,
            AZURE_CLIENT_ID=entra.client_id,
            SIDECAR_CA_FILE=str(entra.ca_file),
            SIDECAR_SCOPES=GRAPH,
            **settings,
        )

    return make


@pytest.fixture
def new_signed_in(new_entra_pod: Callable[..., Pod], entra: Emulator) -> Callable[..., Pod]:
    """Makes a pod after its one sign-in, with tokens of so many seconds; nobody answers a second prompt."""

    def make(token_life: int) -> Pod:
        pod = new_entra_pod()
        entra.policy.token_life, entra.policy.approve_after = token_life, 0
        code, output = pod.run("signin")
        assert code == 0, output
        entra.policy.approve_after = None
        return pod

    return make


@pytest.fixture
def provider(leaks: Leaks) -> Iterator[OidcProvider]:
    """Tokens of some seconds, refresh tokens that work once and whose reuse voids the grant."""
    with OidcProvider(access_token_seconds=16) as running:
        yield running
        leaks.issued(running.secrets())


@pytest.fixture
def provider_pod(new_pod: Callable[..., Pod], provider: OidcProvider) -> Pod:
    """A pod after its one sign-in there."""
    pod = new_pod(
        SIDECAR_OIDC_AUTHORITY=provider.authority,
        AZURE_CLIENT_ID=provider.client_id,
        SIDECAR_CA_FILE=str(provider.ca_file),
        SIDECAR_SCOPES=f"openid offline_access {provider.scope}",
    )
    role = pod.start("signin")
    provider.approve(role.wait_for("signin.code_issued")["user_code"])
    assert role.end() == 0, role.output
    return pod

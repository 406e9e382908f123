"""Where the replicas sign in: the stand-in in its two manners, or the certified provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tests.emulator import Emulator
from tests.end_to_end.conftest import GRAPH
from tests.oidc_provider.provider import OidcProvider
from tests.torture.replicas.referee import ProviderWatch, Visit


class Provider(Protocol):
    """What the tests ask of it."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What a pod is told about it."""
        ...

    @property
    def client_id(self) -> str:
        """Of the app registration."""
        ...

    @property
    def authority(self) -> str:
        """As the sealed cache names it."""
        ...

    def approve(self, user_code: str) -> None:
        """Somebody signs in."""
        ...

    def prompts(self) -> int:
        """How many codes it has given out."""
        ...

    def reuses(self) -> int:
        """How often a spent refresh token came again, or another one was refused."""
        ...

    def renewals(self) -> int:
        """How many requests with a refresh token there were."""
        ...

    def secrets(self) -> set[str]:
        """All that it has issued."""
        ...

    @property
    def visits(self) -> list[Visit]:
        """When tokens and codes were asked for; empty if it does not tell."""
        ...

    @property
    def polled(self) -> Mapping[str, Visit]:
        """By device code from the first poll to the last one; empty if it does not tell."""
        ...


class StandIn:
    """`one_time`: a provider that rotates refresh tokens and voids the sign-in for one reuse. Otherwise old
    ones stay valid, as at Entra.
    """

    def __init__(self, entra: Emulator, *, one_time: bool, token_life: int, seed: int) -> None:
        self.entra = entra
        self.watch = ProviderWatch(seed)
        self.settings = {
            "AZURE_AUTHORITY_HOST": entra.authority_host,
            "AZURE_TENANT_ID": entra.tenant_id,
            "AZURE_CLIENT_ID": entra.client_id,
            "SIDECAR_CA_FILE": str(entra.ca_file),
            "SIDECAR_SCOPES": GRAPH,
        }
        self.client_id, self.authority = entra.client_id, entra.authority
        if one_time:
            self.authority = f"{entra.authority}/v2.0"
            self.settings["SIDECAR_OIDC_AUTHORITY"] = self.authority
            entra.policy.rotation = "one-time"
        entra.policy.token_life = token_life
        for kind in ("token", "devicecode"):
            entra.faults.always(kind, self.watch)

    def approve(self, user_code: str) -> None:
        """Alice does."""
        self.entra.approve(user_code)

    def prompts(self) -> int:
        """Device codes."""
        return self.entra.count("devicecode")

    def reuses(self) -> int:
        """Refusals of refresh tokens."""
        refused = [request for request in self.entra.requests if request.kind == "token:refresh_token"]
        return sum(request.error is not None for request in refused)

    def renewals(self) -> int:
        """Requests with a refresh token."""
        return self.entra.count("token:refresh_token")

    def secrets(self) -> set[str]:
        """All of them."""
        return self.entra.secrets

    @property
    def visits(self) -> list[Visit]:
        """Of token and device code endpoints."""
        return list(self.watch.visits)

    @property
    def polled(self) -> Mapping[str, Visit]:
        """As the watch saw it."""
        return self.watch.polled


class Certified:
    """The provider that nobody here wrote: it rotates, and voids the grant for one reuse."""

    def __init__(self, provider: OidcProvider) -> None:
        self._provider = provider
        self.client_id, self.authority = provider.client_id, provider.authority
        self.settings = {
            "SIDECAR_OIDC_AUTHORITY": provider.authority,
            "AZURE_CLIENT_ID": provider.client_id,
            "SIDECAR_CA_FILE": str(provider.ca_file),
            "SIDECAR_SCOPES": f"openid offline_access {provider.scope}",
        }
        self.visits: list[Visit] = []
        self.polled: dict[str, Visit] = {}

    def approve(self, user_code: str) -> None:
        """Ada does."""
        self._provider.approve(user_code)

    def prompts(self) -> int:
        """Device codes."""
        return self._provider.requests().get("device_authorization", 0)

    def reuses(self) -> int:
        """As it says itself."""
        return self._provider.reuse_detected()

    def renewals(self) -> int:
        """Requests with a refresh token."""
        return self._provider.requests().get("token:refresh_token", 0)

    def secrets(self) -> set[str]:
        """All of them."""
        return self._provider.secrets()

"""Who and what exists: tenants, users, apps, and the resources tokens are for. Pure state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.emulator.errors import EntraError

CONTOSO_ID = "6f1d3c52-8a0b-4c77-9a43-0c0a5e7d1c01"
FABRIKAM_ID = "b29a7d10-53e4-4f0e-8d5c-7a3e9f4b2f02"
CLIENT_ID = "3d8f9c1e-2b47-4e6a-b0c5-91f2a7d4c103"

GRAPH = "https://graph.microsoft.com"
ARM = "https://management.azure.com"
VAULT = "https://vault.azure.net"
_ALIASES = {
    "00000003-0000-0000-c000-000000000000": GRAPH,
    "https://management.core.windows.net": ARM,
}
_OIDC_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
_ANY_TENANT = frozenset({"organizations", "common"})


@dataclass(frozen=True)
class Tenant:
    """One directory, reached by its GUID or by its domain."""

    tenant_id: str
    domain: str
    display_name: str


@dataclass(frozen=True)
class User:
    """`name` is the short form used by tests: alice for alice@contoso.example."""

    name: str
    username: str
    display_name: str
    object_id: str
    tenant_id: str


@dataclass
class App:
    """An app registration; tests change it while the emulator runs."""

    client_id: str
    display_name: str
    public_client: bool = True
    multi_tenant: bool = True
    enabled: bool = True


@dataclass(frozen=True)
class Scopes:
    """One request's scopes, all of one `resource`; `names` as the client wrote them."""

    resource: str
    names: tuple[str, ...]
    oidc: frozenset[str]

    @property
    def granted(self) -> str:
        """The answer's `scope`: the resource's as requested, and Entra leaves out offline_access."""
        return " ".join((*self.names, *sorted(self.oidc - {"offline_access"})))

    @property
    def permissions(self) -> str:
        """The access token's `scp` claim: short names; `.default` means what was consented."""
        consented = "User.Read" if self.resource == GRAPH else "user_impersonation"
        short = (name.rsplit("/", 1)[-1] for name in self.names)
        return " ".join(dict.fromkeys(consented if name == ".default" else name for name in short))


class Directory:
    """Two tenants, three users and one app."""

    def __init__(self, *, tenant_id: str, app: App) -> None:
        contoso = Tenant(tenant_id, "contoso.example", "Contoso")
        fabrikam = Tenant(FABRIKAM_ID, "fabrikam.example", "Fabrikam")
        self.tenants = [contoso, fabrikam]
        self.users = [
            User("alice", "alice@contoso.example", "Alice Adams", _object_id(1), contoso.tenant_id),
            User("bob", "bob@contoso.example", "Bob Brown", _object_id(2), contoso.tenant_id),
            User("mallory", "mallory@fabrikam.example", "Mallory Marsh", _object_id(3), fabrikam.tenant_id),
        ]
        self.apps = {app.client_id.lower(): app}

    def tenant(self, segment: str) -> Tenant | None:
        """The tenant of a URL's first segment; None for `organizations` and `common`: any.

        :raises EntraError: 90002, there is no such tenant
        """
        name = segment.lower()
        for tenant in self.tenants:
            if name in (tenant.tenant_id.lower(), tenant.domain):
                return tenant
        if name in _ANY_TENANT:
            return None
        raise EntraError(90002, f"Tenant '{segment[:80]}'.")

    def app(self, client_id: str | None, tenant: Tenant | None) -> App:
        """The app that asks.

        :raises EntraError: 900144 none named, 700016 unknown, 7000112 disabled, 50194 single-tenant
        """
        if not client_id:
            raise EntraError(900144, "Parameter: 'client_id'.")
        app = self.apps.get(client_id.lower())
        if app is None:
            raise EntraError(700016, f"Identifier: '{client_id[:80]}'.")
        if not app.enabled:
            raise EntraError(7000112)
        if tenant is None and not app.multi_tenant:
            raise EntraError(50194)
        return app

    def user(self, name: str) -> User:
        """By short name, username or object id.

        :raises LookupError: nobody of that name
        """
        for user in self.users:
            if name in (user.name, user.username, user.object_id):
                return user
        raise LookupError(f"no user {name!r}; there are {', '.join(u.name for u in self.users)}")

    def scopes(self, requested: str, app: App) -> Scopes:
        """Read a `scope` parameter. A bare name such as User.Read is Graph's.

        :raises EntraError: 500011 unknown resource, 28000 several resources, 70011 unreadable
        """
        names = [name for name in requested.split() if name not in _OIDC_SCOPES]
        oidc = frozenset(requested.split()) & _OIDC_SCOPES
        resources = dict.fromkeys(self._resource(name, app) for name in names)
        if len(resources) > 1:
            raise EntraError(28000, f"Scope {requested[:200]} is not valid.")
        if any(not name.rsplit("/", 1)[-1] for name in names):
            raise EntraError(70011, f"The scope {requested[:200]} is not valid.")
        return Scopes(next(iter(resources), GRAPH), tuple(names or ["User.Read"]), oidc)

    def _resource(self, scope: str, app: App) -> str:
        if "/" not in scope:
            return GRAPH
        # Azure Resource Manager's old name ends in a slash, hence `net//.default`.
        resource = scope.rsplit("/", 1)[0].rstrip("/")
        resource = _ALIASES.get(resource, resource)
        if resource not in _known_resources([app]):
            raise EntraError(500011, f"The resource principal named {resource[:200]}.")
        return resource


def _known_resources(apps: Iterable[App]) -> set[str]:
    return {GRAPH, ARM, VAULT, *(f"api://{app.client_id}" for app in apps)}


def _object_id(number: int) -> str:
    return f"a1ce0b0b-0000-4000-8000-{number:012d}"

"""Which published token is meant when somebody names a resource."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.core.published import instant
from sidecar.core.token import ALIASES, GRAPH, bare

Document = Mapping[str, object]
"""As in `token.json`."""

_GRAPH_APP = "00000003-0000-0000-c000-000000000000"
"""Microsoft Graph's application id, the same in every tenant (learn.microsoft.com, "Verify first-party
Microsoft applications in sign-in reports").
"""


def normal(resource: str) -> str:
    """One form for all that name the same resource: `bare`, scheme and host in small letters, Azure Resource
    Manager and Microsoft Graph under one name each.
    """
    short = bare(resource)
    scheme, separator, rest = short.partition("://")
    if not separator:
        return GRAPH if short.lower() == _GRAPH_APP else short.lower()
    host, slash, path = rest.partition("/")
    if (scheme := scheme.lower()) in ("https", "http"):  # elsewhere it is no host, but a name
        host = ALIASES.get(host.lower(), host.lower())
    return f"{scheme}://{host}{slash}{path}"


def resources_of(document: Document) -> frozenset[str]:
    """What a token is for, each in its normal form; of a provider that knows no resources, its scopes."""
    resource, scope = document.get("resource"), document.get("scope")
    if isinstance(resource, str) and resource:
        return frozenset({normal(resource)})
    return frozenset(normal(each) for each in scope.split()) if isinstance(scope, str) else frozenset()


def meant(published: Mapping[str, Document], resource: str) -> tuple[str, Document] | None:
    """Name and document of the token for `resource` that lives longest, even if it has expired; None if none
    is published. A damaged document is none.
    """
    wanted = normal(resource)
    fitting = [
        (name, document)
        for name, document in published.items()
        if wanted in resources_of(document) and _sound(document)
    ]
    return max(fitting, key=lambda found: expires_on(found[1]), default=None)


def expires_on(document: Document) -> int:
    """Epoch seconds; 0 if it does not say."""
    return instant(document.get("expires_on")) or 0


def _sound(document: Document) -> bool:
    secret = document.get("access_token")
    return isinstance(secret, str) and bool(secret) and expires_on(document) > 0

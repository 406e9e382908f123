"""Tokens that nobody configured: somebody asked `serve` for a resource, and SIDECAR_ON_DEMAND allows it.

A demanded token never prompts anybody, and no probe asks about it. It is kept fresh while somebody has asked
for it within a day.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping

from sidecar.core.token import Wanted
from sidecar.errors import ConfigurationError

ANY = "any"
KEPT_SECONDS = 86400
"""Since it was last asked for; then nobody needs it any more."""

DEMANDED_MAX = 50
"""At a time: each is a request an hour, and somebody may ask for made-up ones."""

RESOURCE_MAX = 200
NAME_MAX = 63
FURTHER_SCOPE = "/.default"
DIGEST_DIGITS = 10

_HOST = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
_HTTPS = re.compile(rf"https://(?P<host>{_HOST})(?P<port>:[1-9][0-9]{{0,4}})?(?P<path>(/[A-Za-z0-9._~-]+)*)")
_API = re.compile(r"api://[A-Za-z0-9][A-Za-z0-9._~-]*(/[A-Za-z0-9._~-]+)*")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGESTED = re.compile(rf".*-[0-9a-f]{{{DIGEST_DIGITS}}}", re.DOTALL)


def normalised(resource: str) -> str:
    """The one way to write it: an https URL, an `api://` identifier or the GUID of an app, without a slash or
    `/.default` at its end. Equal to `core.token.resource_of` of its scopes.

    :raises ValueError: it is none of these
    """
    wrong = "give an https URL such as https://vault.azure.net, an api:// identifier or the GUID of an app"
    if len(resource) > RESOURCE_MAX:
        raise ValueError(f"longer than {RESOURCE_MAX} characters")
    bare = resource.removesuffix(FURTHER_SCOPE).rstrip("/")
    scheme, separator, rest = bare.partition("://")
    if not separator:
        bare = bare.lower()
        if not _GUID.fullmatch(bare):
            raise ValueError(wrong)
        return bare
    host, slash, path = rest.partition("/")
    if scheme.lower() == "https":
        host = host.lower()
    bare = f"{scheme.lower()}://{host}{slash}{path}"
    dots = any(set(part) == {"."} for part in path.split("/") if part)
    if dots or path.endswith(FURTHER_SCOPE) or not (_HTTPS.fullmatch(bare) or _API.fullmatch(bare)):
        raise ValueError(wrong)
    return bare


def allowed(resource: str, on_demand: Collection[str]) -> bool:
    """Whether a token for `resource` may be fetched; `on_demand` is the setting: resources, or `any`."""
    try:
        bare = normalised(resource)
    except ValueError:
        return False
    return any(each.lower() == ANY or _same(each, bare) for each in on_demand)


def name_of(resource: str) -> str:
    """The token's name, and its directory's: the host of an https URL, else a word with a digest, so that no
    two resources share one.

    :raises ValueError: it is no resource
    """
    bare = normalised(resource)
    found = _HTTPS.fullmatch(bare)
    host = found["host"] if found and not found["port"] and not found["path"] else ""
    # A name with a dot is none of our own files', but for token.json.
    plain = "." in host and host != "token.json" and not _DIGESTED.fullmatch(host)
    if plain and len(host) <= NAME_MAX:
        return host
    digest = hashlib.sha256(bare.encode()).hexdigest()[:DIGEST_DIGITS]
    slug = re.sub(r"[^a-z0-9.]+", "-", bare.partition("://")[2].lower() or bare).strip("-.")
    return f"{slug[: NAME_MAX - DIGEST_DIGITS - 1].rstrip('-.')}-{digest}"


def scopes_of(resource: str) -> tuple[str, ...]:
    """What to ask Entra for: all that the person consented to at this resource.

    :raises ValueError: it is no resource
    """
    return (normalised(resource) + FURTHER_SCOPE,)


def still_wanted(asked: Mapping[str, float], *, on_demand: Collection[str], now: float) -> list[str]:
    """Of resources and when each was last asked for, those to keep fresh: allowed today, asked for within a
    day, and no more than `DEMANDED_MAX`, those asked for last.
    """
    lively = [
        resource
        for resource, asked_on in asked.items()
        if asked_on > now - KEPT_SECONDS and allowed(resource, on_demand)
    ]
    return sorted(sorted(lively, key=lambda resource: -asked[resource])[:DEMANDED_MAX])


def name_for(resource: str, configured: Wanted) -> str:
    """The name of its token: the configured one that has just these scopes, if there is one. Names without
    scopes are taken by other files.

    :raises ValueError: it is no resource
    :raises ConfigurationError: its name is configured for something else
    """
    scopes, name = scopes_of(resource), name_of(resource)
    same = next((name for name, each in configured.items() if each == scopes), None)
    if same is None and name in configured and not configured[name]:
        raise ConfigurationError(
            f"SIDECAR_TEMPLATE_DIR: a file there has the name {name}, which a token of {resource} would have",
            advice="Give the template another name.",
        )
    if same is None and name in configured:
        raise ConfigurationError(
            f"SIDECAR_TOKENS: {name} is a token of {' '.join(configured[name])}, not of {resource}",
            advice="Give it another name: this one is the resource's, where that is asked for on demand.",
        )
    return name if same is None else same


def demanded(resources: Collection[str], configured: Wanted) -> dict[str, tuple[str, ...]]:
    """The tokens for `resources`; what is configured comes first, by name and by scopes."""
    return {
        name_of(resource): scopes_of(resource)
        for resource in resources
        if name_of(resource) not in configured and scopes_of(resource) not in configured.values()
    }


def _same(setting: str, bare: str) -> bool:
    try:
        return normalised(setting) == bare
    except ValueError:
        return False

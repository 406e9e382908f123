"""Tokens that nobody configured: somebody asked `serve` for a resource, and SIDECAR_ON_DEMAND allows it.

A demanded token never prompts anybody, and no probe asks about it. It is kept fresh while somebody has asked
for it within a day.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping

from sidecar.core.audience import normal
from sidecar.core.token import DEFAULT, Wanted
from sidecar.errors import ConfigurationError

ANY = "any"
KEPT_SECONDS = 86400
"""Since it was last asked for; then nobody needs it any more."""

DEMANDED_MAX = 50
"""At a time: each is a request an hour, and somebody may ask for made-up ones."""

RESOURCE_MAX = 200
NAME_MAX = 63
DIGEST_DIGITS = 10

_HOST = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
_HTTPS = re.compile(rf"https://(?P<host>{_HOST})(?P<port>:[1-9][0-9]{{0,4}})?(?P<path>(/[A-Za-z0-9._~-]+)*)")
_API = re.compile(r"api://[A-Za-z0-9][A-Za-z0-9._~-]*(/[A-Za-z0-9._~-]+)*")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGESTED = re.compile(rf".*-[0-9a-f]{{{DIGEST_DIGITS}}}", re.DOTALL)


def normalised(resource: str) -> str:
    """The one way to write it, whichever of its names it has (`core.audience.normal`): an https URL, an
    `api://` identifier or the GUID of an app. Equal to `core.token.resource_of` of its scopes.

    :raises ValueError: it is none of these
    """
    if len(resource) > RESOURCE_MAX:
        raise ValueError(f"longer than {RESOURCE_MAX} characters")
    found = normal(resource)
    dots = any(set(part) == {"."} for part in found.split("/") if part)
    if dots or not any(form.fullmatch(found) for form in (_HTTPS, _API, _GUID)):
        raise ValueError(
            "give an https URL such as https://vault.azure.net, an api:// identifier or the GUID of an app"
        )
    return found


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
    return (normalised(resource) + DEFAULT,)


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
    """The name of its token: the configured one that has just its scope, if there is one. Names without
    scopes are taken by other files.

    :raises ValueError: it is no resource
    :raises ConfigurationError: its name is configured for something else
    """
    bare, name = normalised(resource), name_of(resource)
    same = next((name for name, scopes in configured.items() if _whole(scopes) == bare), None)
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
    there = {_whole(scopes) for scopes in configured.values()}
    return {
        name_of(resource): scopes_of(resource)
        for resource in resources
        if name_of(resource) not in configured and normalised(resource) not in there
    }


def _whole(scopes: tuple[str, ...]) -> str | None:
    """The resource of a token that is for all that was consented to there, as those on demand are."""
    return normal(scopes[0]) if len(scopes) == 1 and scopes[0].endswith(DEFAULT) else None


def _same(setting: str, bare: str) -> bool:
    try:
        return normalised(setting) == bare
    except ValueError:
        return False

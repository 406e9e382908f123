"""Where the managed-identity endpoints are, and what their tokens come from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from sidecar.serve.desk import Desk, reason
from sidecar.serve.fetching import Fetcher
from sidecar.serve.gate import Entrance
from sidecar.serve.managed_identity import Shape, as_refusal, door
from sidecar.serve.routes import GET_ALONE, Route
from sidecar.settings import Settings
from sidecar.status import Found

APP_SERVICE_PATH = "/msi/token"
METADATA_PATH = "/metadata/identity/oauth2/token"


def turns(flags: Sequence[str], look: Callable[[], Found]) -> Fetcher:
    """Fetches by turns of `refresh` that ask nobody; `flags` are our own command line's, in its settings."""
    turn = (sys.executable, "-P", "-m", "sidecar", "refresh", *flags)
    return Fetcher(
        lambda resource: (*turn, f"--demand={resource}"),  # cannot be taken for another flag
        reason=lambda resource, code: reason(look(), resource, code),
    )


def identity_routes(settings: Settings, look: Callable[[], Found], fetcher: Fetcher) -> dict[str, Route]:
    """App Service's endpoint, and the metadata service's if that is wanted."""
    desk = Desk(
        look=look,
        wanted=settings.wanted,
        entra=settings.oidc_authority is None,
        on_demand=settings.on_demand,
        fetcher=fetcher,
    )
    doors = {APP_SERVICE_PATH: (Shape.APP_SERVICE, Entrance.SECRET)}
    if settings.serve_imds == "on":
        doors[METADATA_PATH] = Shape.METADATA, Entrance.METADATA
    return {
        path + end: Route(door(desk, shape), entrance, GET_ALONE, refusal=as_refusal)
        for path, (shape, entrance) in doors.items()
        for end in ("", "/")  # @azure/msal-node puts a slash behind the metadata service's
    }

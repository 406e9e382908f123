"""Builds what lies outside the pod from settings; what is not asked for is not loaded."""

from __future__ import annotations

from sidecar.elsewhere import Elsewhere, Nowhere
from sidecar.settings import Settings


def elsewhere(settings: Settings) -> Elsewhere:
    """Where else the cache is kept and tokens are published."""
    if settings.state_secret is None and not settings.publish_secret:
        return Nowhere()
    raise NotImplementedError

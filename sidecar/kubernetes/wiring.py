"""Builds what lies outside the pod from settings; what is not asked for is not loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sidecar.core.kubernetes.objects import ClusterApi
from sidecar.elsewhere import Elsewhere, Nowhere
from sidecar.errors import ConfigurationError
from sidecar.settings import Settings


def cluster_api(
    settings: Settings, *, environ: Mapping[str, str], beat: Callable[[], None] = lambda: None
) -> ClusterApi | None:
    """The API server that Kubernetes names in `environ`; None if no setting asks for it. Nothing is sent yet.
    `beat` is called before each request: no thread but the main one may then use it.

    :raises ConfigurationError: this image cannot, or this is no pod
    """
    if not asked_for(settings):
        return None
    server = _server(environ)
    try:
        from sidecar.adapters.kubernetes import LightkubeApi
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{_setting(settings)} is set, but this image has no Kubernetes client ({error.name})",
            advice="Use the image with Kubernetes: the tag that ends in -kubernetes (docs/shared.md).",
        ) from None
    return LightkubeApi(server=server, account_dir=settings.service_account_dir, beat=beat)


def asked_for(settings: Settings) -> bool:
    """Whether anything is to be done with the Kubernetes API."""
    return bool(settings.publish_secret or settings.state_secret or settings.pod)


def elsewhere(settings: Settings, *, api: ClusterApi | None) -> Elsewhere:
    """Where else the cache is kept and tokens are published."""
    if api is None or (settings.state_secret is None and not settings.publish_secret):
        return Nowhere()
    raise NotImplementedError


def _server(environ: Mapping[str, str]) -> str:
    """The variables that the kubelet gives every container (kubernetes.io, "Accessing the Kubernetes API from
    a Pod").
    """
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT") or "443"
    if not host or not port.isdecimal():
        raise ConfigurationError(
            "KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is missing or wrong, so that the API server "
            "cannot be found",
            advice="Kubernetes sets both in every pod. Elsewhere, remove SIDECAR_PUBLISH_SECRET, "
            "SIDECAR_STATE_SECRET and SIDECAR_POD.",
        )
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"https://{bracketed}:{port}"


def _setting(settings: Settings) -> str:
    if settings.publish_secret:
        return "SIDECAR_PUBLISH_SECRET"
    return "SIDECAR_STATE_SECRET" if settings.state_secret else "SIDECAR_POD"

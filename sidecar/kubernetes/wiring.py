"""Builds what lies outside the pod from settings; what is not asked for is not loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.envelope import Remembered
from sidecar.core.kubernetes.objects import ClusterApi
from sidecar.core.schedule import spread_of
from sidecar.elsewhere import Elsewhere, Nowhere
from sidecar.errors import ConfigurationError
from sidecar.posix.clock import Clock
from sidecar.posix.heart import Heart
from sidecar.posix.interrupts import Interrupts
from sidecar.settings import Settings


@dataclass(frozen=True)
class ApiServer:
    """Where it is, and where the ServiceAccount's token is that it accepts."""

    url: str
    account_dir: Path

    def connect(self) -> ClusterApi:
        """A client of its own, which connects with its first request."""
        from sidecar.adapters.kubernetes import LightkubeApi

        return LightkubeApi(server=self.url, account_dir=self.account_dir)

    def elsewhere(
        self,
        settings: Settings,
        *,
        state: StateDirectory,
        look: Callable[[bytes], Remembered],
        host: str,
        tells: bool,
        clock: Clock,
        heart: Heart,
        interrupts: Interrupts,
        log: Log,
    ) -> Elsewhere:
        """Where else the cache is kept and tokens are published; nothing is sent yet. `look` reads a cache
        file; `host` is the name of this machine; `tells`: a trouble that the log has is not told again as the
        turn's.
        """
        names, state_secret = settings.publish_secret, settings.state_secret
        if not (names or state_secret):
            return Nowhere()
        from sidecar.kubernetes.cluster import Cluster

        api = self.connect()
        shared: Elsewhere = Nowhere()
        if state_secret is not None:
            from sidecar.kubernetes.shared_state import SharedState

            shared = SharedState(
                api=api,
                name=state_secret,
                replica=settings.pod.name if settings.pod else host,
                state=state,
                look=look,
                clock=clock,
                heart=heart,
                interrupts=interrupts,
                log=log,
                spread=spread_of(host),
                tells=tells,
            )
        copies: Elsewhere = Nowhere()
        if names:
            from sidecar.core.kubernetes.token_secret import owner_of
            from sidecar.kubernetes.token_secrets import TokenSecrets

            copies = TokenSecrets(
                api=api,
                names=names,
                owner=owner_of(state_secret, client_id=settings.client_id, authority=settings.authority.url),
                judged=settings.wanted,
                state=state,
                clock=clock,
                heart=heart,
                interrupts=interrupts,
                log=log,
                alone=state_secret is None,
            )
        return Cluster(state=shared, copies=copies)


def api_server(settings: Settings, environ: Mapping[str, str]) -> ApiServer | None:
    """The one that Kubernetes names in `environ`; None if no setting asks for it. No client is loaded yet.

    :raises ConfigurationError: this image has no client, or this is no pod
    """
    asking = {
        "SIDECAR_PUBLISH_SECRET": settings.publish_secret,
        "SIDECAR_STATE_SECRET": settings.state_secret,
        "SIDECAR_POD": settings.pod,
    }
    asking = {name: value for name, value in asking.items() if value}
    if not asking:
        return None
    if find_spec("lightkube") is None:
        raise ConfigurationError(
            f"{next(iter(asking))} is set, but this image has no Kubernetes client",
            advice="Use the image with Kubernetes: the tag that ends in -kubernetes (docs/shared.md).",
        )
    return ApiServer(_url(environ, asking), settings.service_account_dir)


def _url(environ: Mapping[str, str], asking: Mapping[str, object]) -> str:
    """From the variables that the kubelet gives to every container (kubernetes.io, "Accessing the Kubernetes
    API from a Pod").
    """
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port.isdecimal():
        raise ConfigurationError(
            "KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is missing or wrong, so that the API server "
            "cannot be found",
            advice=f"Kubernetes sets both in every pod; elsewhere, do without {', '.join(asking)}.",
        )
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"https://{bracketed}:{port}"

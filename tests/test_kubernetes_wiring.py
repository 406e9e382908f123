"""Which API server is asked, as Kubernetes names it to the containers of a pod."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.exec import wipe
from sidecar.kubernetes import wiring
from sidecar.settings import Settings, read_settings

SETTINGS = {
    "AZURE_CLIENT_ID": "00000000-0000-4000-8000-000000000001",
    "AZURE_TENANT_ID": "00000000-0000-4000-8000-000000000002",
    "SIDECAR_SCOPES": "api://x/.default",
    "SIDECAR_PUBLISH_SECRET": "apps/entra-token",
}


@pytest.fixture
def settings() -> Settings:
    """With a Secret to publish to."""
    return read_settings(SETTINGS, {})


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("10.96.0.1", "https://10.96.0.1:443"),
        ("fd00:10:96::1", "https://[fd00:10:96::1]:443"),
        ("kubernetes.default.svc", "https://kubernetes.default.svc:443"),
    ],
)
def test_the_server_is_the_one_of_the_environment(settings: Settings, host: str, url: str) -> None:
    """IPv6 in brackets, as a cluster of that family gives it without them."""
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"}
    server = wiring.api_server(settings, environ)
    assert server is not None
    assert server.url == url


def test_nothing_is_asked_where_nothing_is_set(settings: Settings) -> None:
    """Every pod has these variables; they alone mean nothing."""
    environ = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    assert wiring.api_server(replace(settings, publish_secret=()), environ) is None


def test_wipe_says_which_secrets_are_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other pods may use what is in them; nobody is to believe that the sign-in is gone."""
    wipe(tmp_path / "tokens", tmp_path / "state", shared=read_settings(SETTINGS, {}).publish_secret)
    assert capsys.readouterr().err == (
        "exec: others may use what is in these Secrets, which is left: apps/entra-token\n"
    )
    wipe(tmp_path / "tokens", tmp_path / "state")
    assert capsys.readouterr().err == ""

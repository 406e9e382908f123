"""Pods for the stand-in and for any other provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod
from tests.leaks import Leaks

GRAPH = "https://graph.microsoft.com/.default"


@pytest.fixture
def new_pod(tmp_path: Path, leaks: Leaks, request: pytest.FixtureRequest) -> Iterator[Callable[..., Pod]]:
    """Makes pods with the settings given."""
    made: list[Pod] = []

    def make(**settings: str) -> Pod:
        pod = Pod(tmp_path / f"pod{len(made)}", settings, leaks=leaks, test=request.node.nodeid)
        made.append(pod)
        return pod

    yield make
    for pod in made:
        pod.close()


@pytest.fixture
def pod(new_pod: Callable[..., Pod], entra: Emulator) -> Pod:
    """A pod that wants a Graph token of the stand-in."""
    return new_pod(
        AZURE_AUTHORITY_HOST=entra.authority_host,
        AZURE_TENANT_ID=entra.tenant_id,
        AZURE_CLIENT_ID=entra.client_id,
        SIDECAR_CA_FILE=str(entra.ca_file),
        SIDECAR_SCOPES=GRAPH,
    )


@pytest.fixture
def signed_in(pod: Pod, entra: Emulator) -> Pod:
    """The same after a sign-in."""
    entra.policy.approve_after = 0
    code, output = pod.run("signin")
    assert code == 0, output
    entra.policy.approve_after = None
    return pod

"""The API server away: what is mounted stays, nothing is renewed, nothing is lost, and nobody is asked."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.kubernetes.cluster import KubectlError, eventually, kubectl
from tests.kubernetes.namespace import Namespace, statuses
from tests.kubernetes.shared import Shared

pytestmark = [pytest.mark.kubernetes, pytest.mark.serial, pytest.mark.node]

# Renewed after 20 s, give or take a tenth of a life: in any 40 s there is one.
TOKEN_LIFE_SECONDS, REFRESH_AT = 200, "0.1"
AWAY_SECONDS = 42


@pytest.fixture
def shared(new_namespace: Callable[..., Namespace], tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Signed in, two replicas and an app at work."""
    namespace = new_namespace(f"--token-life={TOKEN_LIFE_SECONDS}", "--approve-after=1")
    settings = {"SIDECAR_REFRESH_AT": REFRESH_AT, "SIDECAR_MIN_VALIDITY": "5s"}
    made = Shared(namespace, tmp_path_factory.mktemp("shared"), **settings)
    made.apply()
    made.ready()
    made.at_the_app(made.expires_on())
    return made


def test_an_api_server_that_goes_and_comes_costs_nothing(shared: Shared, node: Callable[..., None]) -> None:
    """Through a renewal that falls due meanwhile: the app's token lives, and then there is a new one."""
    before = shared.expires_on()
    asked = renewals(shared)
    node("stop-api")
    try:
        with pytest.raises(KubectlError):
            kubectl("get", "--raw", "/readyz")
        time.sleep(AWAY_SECONDS)  # an outage is a time, not a condition
    finally:
        node("start-api")
    assert renewals(shared) <= asked + 1  # the one that was on its way
    later = eventually(lambda: shared.later(before), "a new token in the Secret")
    shared.at_the_app(later)
    assert "EXPIRED" not in shared.namespace.logs("app")
    assert shared.namespace.prompts() == 1
    assert '"signin.code_issued"' in shared.logs()
    assert "state.unshared" in shared.logs()
    for pod in [*shared.pods(), shared.namespace.pod()]:
        assert [found["restartCount"] for found in statuses(pod).values()] == [0]


def renewals(shared: Shared) -> int:
    """How often a refresh token was used."""
    return len(shared.namespace.ask("GET", "requests?kind=token:refresh_token")["requests"])

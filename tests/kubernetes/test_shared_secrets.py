"""Whatever somebody does to the Secrets of k8s/shared is healed, and costs no prompt."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.kubernetes.cluster import eventually
from tests.kubernetes.namespace import Namespace
from tests.kubernetes.shared import KEYS, Shared

pytestmark = pytest.mark.kubernetes


@pytest.fixture(scope="module")
def shared(new_namespace: Callable[..., Namespace], tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Signed in, two replicas at work; shared by the tests of this module."""
    made = Shared(new_namespace("--token-life=900", "--approve-after=1"), tmp_path_factory.mktemp("shared"))
    made.apply()
    made.ready()
    return made


@pytest.mark.parametrize("harm", ["edited", "emptied", "deleted"])
def test_token_secret_is_healed(shared: Shared, harm: str) -> None:
    """By the next turn, with every key; a deleted one as soon as the manifest is applied again."""
    harmed(shared, "entra-token", harm, "token")
    shared.renew()
    eventually(lambda: shared.expires_on() > 0 and intact(shared), f"the token Secret that was {harm}")
    shared.at_the_app(shared.expires_on())
    assert shared.namespace.prompts() == 1


@pytest.mark.parametrize("harm", ["emptied", "deleted"])
def test_state_secret_is_healed(shared: Shared, harm: str) -> None:
    """From the sealed copy in a replica's directory; then it serves new pods again."""
    harmed(shared, "entra-state", harm, "")
    shared.renew()
    eventually(lambda: shared.data("entra-state"), f"the state Secret that was {harm}")
    gone = shared.names()
    shared.namespace.kubectl("delete", "pods", *gone, "--grace-period=0", "--force")
    shared.ready(but=gone)
    shared.renewed(f"after the state Secret was {harm}")
    assert shared.namespace.prompts() == 1


def harmed(shared: Shared, name: str, harm: str, key: str) -> None:
    """What somebody does to a Secret who should not."""
    kubectl = shared.namespace.kubectl
    if harm == "deleted":
        kubectl("delete", "secret", name)
        shared.apply()
    elif harm == "emptied":
        kubectl("patch", "secret", name, "--type=json", '--patch=[{"op": "remove", "path": "/data"}]')
    else:
        kubectl("patch", "secret", name, f'--patch={{"data": {{"{key}": "bm90IGEgdG9rZW4="}}}}')


def intact(shared: Shared) -> bool:
    """Every key, and no word of the vandal's."""
    data = shared.data("entra-token")
    return data.keys() >= KEYS and data["token"] != b"not a token" and data["token"] in data["token.json"]

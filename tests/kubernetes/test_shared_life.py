"""One sign-in for many pods, from the prompt through everything that befalls pods: one prompt in all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.kubernetes.cluster import Document, eventually
from tests.kubernetes.namespace import Namespace, statuses
from tests.kubernetes.shared import KEYS, Shared
from tests.leaks import Leaks

pytestmark = pytest.mark.kubernetes


@dataclass
class Begun:
    """What was seen while nobody had signed in, and what came of it."""

    shared: Shared
    waiting: list[Document]
    app: Document
    app_described: str
    described: str


@pytest.fixture(scope="module")
def begun(new_namespace: Callable[..., Namespace], tmp_path_factory: pytest.TempPathFactory) -> Begun:
    """Applied, looked at, approved; shared by the tests of this module, which run in their order."""
    namespace = new_namespace("--token-life=900", restricted=True)
    shared = Shared(namespace, tmp_path_factory.mktemp("shared"))
    shared.apply()
    try:
        eventually(lambda: len(shared.pods()) == 2 and "entra-token" in app_events(shared), "both, waiting")
        eventually(lambda: namespace.ask("GET", "codes")["user_codes"], "an open prompt")
        (code,) = namespace.ask("GET", "codes")["user_codes"]
        eventually(lambda: code in shared.described(), "the prompt's Event")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{shared.described()}\n{shared.logs()}") from None
    waiting, described, app = shared.pods(), shared.described(), namespace.pod()
    app_described = app_events(shared)
    namespace.ask("POST", "approve", user="alice")
    shared.ready()
    return Begun(shared, waiting, app, app_described, described)


def app_events(shared: Shared) -> str:
    """What the kubelet says about the app's mount."""
    described = shared.namespace.kubectl("describe", "pods", "--selector=app=app", check=False)
    return described if "FailedMount" in described else ""


def test_two_replicas_ask_once(begun: Begun) -> None:
    """One code for both, and both are ready when it is approved."""
    assert begun.shared.namespace.prompts() == 1
    assert begun.shared.logs().count('"signin.code_issued"') == 1


def test_prompt_is_an_event_of_the_pod_that_asks(begun: Begun) -> None:
    """One Warning with address and code, which `kubectl describe pod` shows, and one for its end."""
    notes = eventually(lambda: events(begun.shared, "SigninCompleted"), "the end's Event")
    (asked,) = events(begun.shared, "SigninRequired")
    assert asked["type"] == "Warning"
    assert "/devicelogin" in asked["note"]
    assert asked["note"] in begun.described
    assert {note["regarding"]["uid"] for note in [asked, *notes]} < {
        pod["metadata"]["uid"] for pod in begun.waiting
    }


def events(shared: Shared, reason: str) -> list[Document]:
    """Those with that reason."""
    found = shared.namespace.get("events.v1.events.k8s.io")["items"]
    return [note for note in found if note.get("reason") == reason]


def test_app_waits_for_its_first_token_without_a_word_of_its_own(begun: Begun) -> None:
    """ContainerCreating, with the missing key named; then it starts and reads a live token."""
    assert begun.app["status"]["phase"] == "Pending"
    assert "non-existent secret key" in begun.app_described
    begun.shared.at_the_app(begun.shared.expires_on())
    assert statuses(begun.shared.namespace.pod())["app"]["restartCount"] == 0


def test_app_sees_a_new_token(begun: Begun) -> None:
    """After a renewal, in the mount of a container that has not been restarted."""
    begun.shared.at_the_app(begun.shared.renewed("for the app"))
    assert statuses(begun.shared.namespace.pod())["app"]["restartCount"] == 0
    assert "EXPIRED" not in begun.shared.namespace.logs("app")


def test_secrets_hold_what_they_are_for(begun: Begun, leaks: Leaks) -> None:
    """Access tokens in the one; in the other nothing that could be used without the key."""
    secrets = begun.shared.namespace.secrets()
    leaks.issued(secrets)
    published = begun.shared.data("entra-token")
    assert set(published) >= KEYS
    token = published["token"].decode()
    assert token in secrets
    shown = b"".join(published.values()).decode()
    assert not [secret for secret in secrets if secret in shown and secret != token]
    state = begun.shared.data("entra-state")
    assert state
    kept = b"".join(state.values()).decode("latin-1")
    assert not [secret for secret in secrets if secret in kept]


def test_rescheduled_pod_asks_nobody(begun: Begun) -> None:
    """One replica is deleted: its successor is ready from the shared state, and renewals go on."""
    shared = begun.shared
    gone = shared.names()[0]
    shared.namespace.kubectl("delete", "pod", gone)
    shared.ready(but=[gone])
    shared.renewed("after a pod was deleted")
    assert shared.namespace.prompts() == 1


def test_both_pods_lost_ask_nobody(begun: Begun) -> None:
    """With the directories of both gone, the state Secret is all there is."""
    shared = begun.shared
    gone = shared.names()
    shared.namespace.kubectl("delete", "pods", *gone, "--grace-period=0", "--force")
    shared.ready(but=gone)
    shared.renewed("after both pods were lost")
    assert shared.namespace.prompts() == 1


def test_nothing_of_it_restarted_a_container(begun: Begun) -> None:
    """The loops of the last pods are their first ones, and no probe has killed any."""
    for pod in begun.shared.pods():
        assert statuses(pod)["entra-sidecar"]["restartCount"] == 0

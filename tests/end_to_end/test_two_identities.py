"""Two identities side by side: two pairs of directories, and nothing of one reaches the other."""

from __future__ import annotations

import signal
from collections.abc import Callable

from tests.emulator import Emulator
from tests.end_to_end.conftest import GRAPH
from tests.end_to_end.pod import Pod, eventually


def test_two_people_sign_in_side_by_side(new_pod: Callable[..., Pod], entra: Emulator) -> None:
    """Two prompts are open at once, each takes its own person only, and each has its own tokens; when one
    sign-in is over, the other goes on.
    """
    pods = {
        name: new_pod(
            AZURE_AUTHORITY_HOST=entra.authority_host,
            AZURE_TENANT_ID=entra.tenant_id,
            AZURE_CLIENT_ID=entra.client_id,
            SIDECAR_CA_FILE=str(entra.ca_file),
            SIDECAR_SCOPES=GRAPH,
            SIDECAR_ALLOWED_USERS=entra.directory.user(name).object_id,
            SIDECAR_PROMPT_PURPOSE=f"the app of {name}",
        )
        for name in ("alice", "bob")
    }
    roles = {name: pod.start("refresh") for name, pod in pods.items()}
    prompts = {name: role.wait_for("signin.code_issued") for name, role in roles.items()}
    assert len(entra.open_codes) == 2
    assert prompts["alice"]["purpose"] == "the app of alice"

    # Bob answers Alice's prompt: he is refused, and she is asked again.
    entra.approve(prompts["alice"]["user_code"], "bob")
    roles["alice"].wait_for("signin.rejected")
    entra.approve(prompts["bob"]["user_code"], "bob")
    entra.approve(roles["alice"].wait_for("signin.code_issued", 2)["user_code"], "alice")
    for name, role in roles.items():
        role.wait_for("token.published")
        assert pods[name].document()["username"] == f"{name}@contoso.example"

    entra.revoke("bob")
    before = pods["alice"].token()
    for role in roles.values():
        role.process.send_signal(signal.SIGHUP)
    assert roles["bob"].wait_for("signin.code_issued", 2)["awaited"] == "bob@contoso.example"
    eventually(lambda: pods["alice"].token() != before, "a renewal of Alice's")
    assert pods["alice"].document()["username"] == "alice@contoso.example"
    assert len(roles["alice"].records("signin.code_issued")) == 2
    for name, other in (("alice", "bob"), ("bob", "alice")):
        assert pods[name].token().encode() not in pods[other].shared()
        assert entra.directory.user(other).object_id.encode() not in pods[name].shared()
    for role in roles.values():
        assert role.stop()[0] == 0

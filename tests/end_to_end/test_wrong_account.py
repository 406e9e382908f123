"""Whoever is not the one: nothing of theirs is published or kept, the log says why, the prompt comes back."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.emulator import Emulator
from tests.emulator.directory import FABRIKAM_ID, VAULT
from tests.emulator.faults import Answer, Refuse
from tests.end_to_end.pod import Pod


def test_second_account_gets_nothing_in(signed_in: Pod, entra: Emulator) -> None:
    """The refresh token is revoked, somebody else is first at the prompt: apps stay with who they know."""
    alice = signed_in.document()
    entra.faults.next("token:refresh_token", Refuse(50173))
    role = signed_in.start("refresh", "--now")
    role.wait_for("signin.waiting")
    entra.approve(user="bob")
    rejected = role.wait_for("signin.rejected")
    assert rejected["username"] == "bob@contoso.example"
    assert f"{alice['username']} is signed in here" in rejected["message"]
    assert f"Sign in as {alice['username']}" in rejected["advice"]
    role.wait_for("signin.waiting", count=2)
    assert signed_in.document() == alice
    bob = entra.directory.user("bob").object_id.encode()
    assert bob not in signed_in.stored() + signed_in.shared()
    entra.approve(user="alice")
    role.wait_for("signin.completed")
    role.wait_for("token.published")
    assert role.stop()[0] == 0
    assert signed_in.document()["object_id"] == alice["object_id"]


def test_account_that_is_named_may_take_over(signed_in: Pod, entra: Emulator) -> None:
    """SIDECAR_ALLOWED_USERS names both: whoever signs in is the one."""
    names = "alice@contoso.example,bob@contoso.example"
    entra.faults.next("token:refresh_token", Refuse(50173))
    role = signed_in.start("refresh", "--now", SIDECAR_ALLOWED_USERS=names)
    role.wait_for("signin.waiting")
    entra.approve(user="bob")
    role.wait_for("token.published")
    assert role.stop()[0] == 0
    assert signed_in.document()["username"] == "bob@contoso.example"


def at_home_elsewhere(answer: dict[str, Any]) -> None:
    """As Entra's client_info says it of a guest: the home tenant is another."""
    info = answer["client_info"]
    content = json.loads(base64.urlsafe_b64decode(info + "=" * (-len(info) % 4)))
    content["utid"] = FABRIKAM_ID
    answer["client_info"] = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_guest_gets_nothing_in_unless_named(pod: Pod, entra: Emulator) -> None:
    """The right tenant is not enough for somebody who is a guest in it."""
    entra.faults.always("token:device_code", Answer(mutate=at_home_elsewhere))
    role = pod.start("signin")
    role.wait_for("signin.waiting")
    entra.approve(user="alice")
    rejected = role.wait_for("signin.rejected")
    assert f"is a guest, at home in tenant {FABRIKAM_ID}" in rejected["message"]
    assert "SIDECAR_ALLOWED_USERS" in rejected["advice"]
    role.wait_for("signin.waiting", count=2)
    assert pod.shared() == b""
    assert not any(secret.encode() in pod.stored() for secret in entra.secrets)
    assert role.stop()[0] == 143
    entra.policy.approve_after = 0
    code, output = pod.run("signin", SIDECAR_ALLOWED_TENANTS=f"{entra.tenant_id} {FABRIKAM_ID}")
    assert code == 0, output


def test_token_for_another_audience_is_not_published(signed_in: Pod, entra: Emulator) -> None:
    """Neither by a renewal nor by a sign-in; the live token stays."""
    before = signed_in.document()
    other = Answer(put={"scope": f"{VAULT}/user_impersonation"})
    entra.faults.next("token:refresh_token", other, times=2)
    role = signed_in.start("refresh", "--now")
    failed = role.wait_for("refresh.failed")
    assert "vault.azure.net instead of https://graph.microsoft.com/.default" in failed["message"]
    assert signed_in.document() == before
    assert role.wait_for("refresh.succeeded")
    assert role.stop()[0] == 0
    assert entra.count("devicecode") == 1


def test_start_says_how_it_knows_that_the_state_is_private(signed_in: Pod) -> None:
    """Once per start of a role, before anything else is done."""
    role = signed_in.start("refresh", "--now")
    role.wait_for("refresh.succeeded")
    [told] = role.records("state.private")
    assert told["path"] == str(signed_in.private)
    assert "tried and was denied" in told["proof"] or told["proof"].startswith("mode 0700")
    assert role.stop()[0] == 0

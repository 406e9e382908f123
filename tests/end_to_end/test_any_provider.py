"""The same job against a certified OpenID provider that nobody here wrote."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest

from tests.end_to_end.pod import Pod, Running, eventually
from tests.leaks import Leaks
from tests.oidc_provider.provider import OidcProvider


@pytest.fixture
def provider(leaks: Leaks) -> Iterator[OidcProvider]:
    """Tokens of ten seconds, refresh tokens that work once."""
    with OidcProvider(access_token_seconds=10) as running:
        yield running
        leaks.issued(running.secrets())


@pytest.fixture
def pod(new_pod: Callable[..., Pod], provider: OidcProvider) -> Pod:
    """A pod that signs in there."""
    return new_pod(
        SIDECAR_OIDC_AUTHORITY=provider.authority,
        AZURE_CLIENT_ID=provider.client_id,
        SIDECAR_CA_FILE=str(provider.ca_file),
        SIDECAR_SCOPES=f"openid offline_access {provider.scope}",
    )


def sign_in(role: Running, provider: OidcProvider, count: int = 1) -> None:
    """Approve the `count`th prompt of a role, and wait until its token is published."""
    prompt = role.wait_for("signin.code_issued", count)
    published = len(role.records("token.published"))
    provider.approve(prompt["user_code"])
    role.wait_for("token.published", published + 1)


def test_whole_life_at_a_provider_with_rotating_refresh_tokens(pod: Pod, provider: OidcProvider) -> None:
    """Prompt, published, renewed three times with one-time refresh tokens, revoked by an administrator,
    prompt, published."""
    role = pod.start("refresh")
    sign_in(role, provider)
    document = pod.document()
    assert document["username"] == provider.account
    assert (document["tenant_id"], document["resource"]) == (None, None)
    role.wait_for("refresh.succeeded", 3)
    assert provider.requests()["token:refresh_token"] == 3
    assert provider.reuse_detected() == 0

    assert provider.revoke(provider.account) == 1
    sign_in(role, provider, 2)
    role.wait_for("refresh.succeeded", 4)
    assert len(role.records("signin.code_issued")) == 2
    code, seconds = role.stop(signal.SIGTERM)
    assert (code, seconds < 4) == (0, True)


def test_declined_at_the_provider(pod: Pod, provider: OidcProvider) -> None:
    """`access_denied` is a declined sign-in: 77."""
    role = pod.start("signin")
    prompt = role.wait_for("signin.code_issued")
    provider.decline(prompt["user_code"])
    assert role.end() == 77


def test_only_allowed_people_get_in(pod: Pod, provider: OidcProvider) -> None:
    """SIDECAR_ALLOWED_USERS applies to any provider; who is refused leaves nothing behind."""
    role = pod.start("signin", SIDECAR_ALLOWED_USERS="somebody@else.test")
    prompt = role.wait_for("signin.code_issued")
    provider.approve(prompt["user_code"])
    assert role.wait_for("signin.rejected")["username"] == provider.account
    role.wait_for("signin.code_issued", 2)
    assert pod.shared() == b""
    assert not any(secret.encode() in pod.stored() for secret in provider.secrets())
    assert role.stop()[0] == 143


def test_two_loops_never_use_a_refresh_token_twice(pod: Pod, provider: OidcProvider) -> None:
    """Reuse would void the whole grant: one turn at a time, each from what the last one saved."""
    first, second = pod.start("refresh"), pod.start("refresh")
    asking = eventually(
        lambda: next((role for role in (first, second) if role.records("signin.code_issued")), None),
        "a prompt",
    )
    sign_in(asking, provider)
    for role in (first, second):
        role.process.send_signal(signal.SIGHUP)
    eventually(
        lambda: len(first.records("refresh.succeeded") + second.records("refresh.succeeded")) >= 4, "renewals"
    )
    assert provider.reuse_detected() == 0
    assert len(first.records("signin.code_issued") + second.records("signin.code_issued")) == 1
    for role in (first, second):
        assert role.stop()[0] == 0

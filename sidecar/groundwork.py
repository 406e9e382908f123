"""What a turn stands on, from settings: directories, rules, and Kubernetes if it is asked for.

What is not asked for is not imported: most turns know of two directories alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import PRIVATE, StateDirectory
from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.core.plan import Policy
from sidecar.core.schedule import CARRY_SECONDS
from sidecar.core.token import Wanted
from sidecar.posix.directories import keep_apart, make_private, prepare
from sidecar.role import Rules
from sidecar.settings import Settings

if TYPE_CHECKING:
    from sidecar.kubernetes.wiring import ApiServer


def directories(settings: Settings) -> tuple[TokenDirectory, StateDirectory]:
    """Both, made if they are missing.

    :raises SidecarError: one cannot be used, or is inside another
    """
    token_dir = prepare(settings.token_dir, setting="SIDECAR_TOKEN_DIR", mode=0o755)
    state_dir = prepare(settings.state_dir, setting="SIDECAR_STATE_DIR", mode=0o755)
    keep_apart(token_dir, state_dir)
    if settings.template_dir is not None:
        keep_apart(settings.template_dir.resolve(), state_dir, setting="SIDECAR_TEMPLATE_DIR")
    private = make_private(state_dir / PRIVATE, setting="SIDECAR_STATE_DIR")
    access = Access(settings.token_mode, settings.token_group)
    return TokenDirectory(token_dir, access), StateDirectory(private)


def rules_of(settings: Settings, *, spread: float, wanted: Wanted, demanded: frozenset[str]) -> Rules:
    """What a turn goes by. `wanted` has what is configured and what is `demanded`; `spread` is the pod's
    place among others.
    """
    return Rules(
        wanted=wanted,
        policy=Policy(
            refresh_at=settings.refresh_at,
            spread=spread,
            min_validity_seconds=settings.min_validity,
            carry_seconds=CARRY_SECONDS if settings.publish_secret else 0,
        ),
        admission=settings.admission,
        may_prompt=settings.on_signin_required == "prompt",
        hours=settings.signin_hours,
        demanded=demanded,
        replicated=settings.state_secret is not None,
    )


def keys_in_secrets(settings: Settings) -> Collection[str]:
    """The keys that tokens have in the Secrets they are published to, if they are."""
    if not settings.publish_secret:
        return ()
    from sidecar.core.kubernetes.token_secret import keys_of_tokens

    return keys_of_tokens(settings.wanted)


def api_server(settings: Settings, environ: Mapping[str, str]) -> ApiServer | None:
    """The one that Kubernetes names in `environ`; None if no setting asks for it.

    :raises ConfigurationError: this image has no client, or this is no pod
    """
    if not (settings.publish_secret or settings.state_secret or settings.pod):
        return None
    from sidecar.kubernetes import wiring

    return wiring.api_server(settings, environ)


def same_state(settings: Settings, state: StateDirectory, *, demanded: bool, log: Log) -> None:
    """See to it that nobody uses a refresh token behind the others' back.

    :raises ConfigurationError: the loop shares its state, and this turn would not, or elsewhere
    """
    if settings.state_secret or state.shares:
        from sidecar.kubernetes import record_file

        record_file.same_state(state.path, settings.state_secret, demanded=demanded, log=log)

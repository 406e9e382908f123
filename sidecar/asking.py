"""Builds from settings what asks a person to sign in. Most turns ask nobody, and never import it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sidecar.adapters.entra import Entra
from sidecar.adapters.log import Log
from sidecar.adapters.prompt import Face, PromptBoard
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.phrase import COMBINATIONS, phrase_of
from sidecar.core.signin_terms import SigninTerms
from sidecar.posix.clock import Clock
from sidecar.posix.heart import Heart
from sidecar.posix.interrupts import Interrupts
from sidecar.settings import Settings
from sidecar.signin import DeviceSignin


def device_signin(
    settings: Settings,
    *,
    authority: Entra,
    state: StateDirectory,
    faces: Sequence[Face],
    host: str,
    clock: Clock,
    heart: Heart,
    interrupts: Interrupts,
    log: Log,
) -> DeviceSignin:
    """`faces` show the prompt beside log and state directory; `host` is the name of this machine."""
    return DeviceSignin(
        authority=authority,
        board=PromptBoard(log, state, faces=faces, qr=settings.prompt_qr == "auto"),
        log=log,
        clock=clock,
        heart=heart,
        interrupts=interrupts,
        terms=SigninTerms(
            tenant=settings.tenant_id,
            client_id=settings.client_id,
            host=settings.prompt_from or host,
            language=settings.prompt_language,
            admission=settings.admission,
            timeout_seconds=settings.signin_timeout,
            phrase=phrase_of(secrets.randbelow(COMBINATIONS)),
            purpose=settings.prompt_purpose,
        ),
    )

"""All secrets of a pod by their kind, in every form in which one might lie somewhere."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable

from tests.emulator import Emulator
from tests.emulator.tokens import client_info


def secrets_by_kind(entra: Emulator) -> dict[str, set[str]]:
    """What the stand-in has given out so far, and `client_info`, which MSAL keeps beside it."""
    given = entra.secrets  # first: the answer to a client that was killed may come later still
    refresh_tokens = set(entra.grants.refresh_tokens)
    device_codes = set(entra.grants.codes)
    kinds: dict[str, set[str]] = {
        "refresh token": refresh_tokens,
        "device code": device_codes,
        "access token": set(),
        "ID token": set(),
        "client_info": {client_info(user) for user in entra.directory.users},
    }
    for token in given - refresh_tokens - device_codes:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        kinds["ID token" if claims["aud"] == entra.client_id else "access token"].add(token)
    return kinds


def forms_of(secret: str) -> set[bytes]:
    """As it is, as in a URL or a form, in base64, in UTF-16, and its second half alone."""
    raw = secret.encode()
    return {
        raw,
        urllib.parse.quote_plus(secret).encode(),
        base64.b64encode(raw).rstrip(b"="),
        base64.urlsafe_b64encode(raw).rstrip(b"="),
        secret.encode("utf-16-le"),
        raw[len(raw) // 2 :],
    }


def found_in(content: bytes, secrets: Iterable[str]) -> set[str]:
    """Which of them are there in any form."""
    return {secret for secret in secrets if any(form in content for form in forms_of(secret))}

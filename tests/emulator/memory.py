"""What the stand-in keeps from one run to the next, so that its restart costs nobody a sign-in.

One JSON file of mode 0600: the key that signs tokens, and the newest refresh tokens. Entra forgets
neither when a machine somewhere restarts; a stand-in without it would.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tests.emulator.directory import Directory
from tests.emulator.errors import EntraError
from tests.emulator.grants import Grants, RefreshToken

KEPT_TOKENS = 100
"""Older ones are of no use to anybody, and the file is written with every grant."""


class Memory:
    """`grants` is filled from the file when this is made, and written to it by `save`."""

    def __init__(self, path: Path, *, key: rsa.RSAPrivateKey, grants: Grants, directory: Directory) -> None:
        """`key` is kept if the file has none yet; `key` is the one to sign with afterwards.

        :raises ValueError, LookupError, OSError: the file is not one of these, or of other users
        """
        self._path = path
        self._grants = grants
        self.key = key
        if path.exists():
            content = json.loads(path.read_text())
            self.key = _key(content["signing_key"])
            for record in content["refresh_tokens"]:
                token = _token(record, directory)
                grants.refresh_tokens[token.value] = token
        self._key_pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.save()

    def save(self) -> None:
        """Replace the file: a reader, and the next start, find the old or the new one whole."""
        newest = list(self._grants.refresh_tokens.values())[-KEPT_TOKENS:]
        content = {"signing_key": self._key_pem, "refresh_tokens": [_record(token) for token in newest]}
        new = self._path.with_name(self._path.name + ".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(content))
        new.replace(self._path)


def _key(pem: str) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the signing key is an RSA key")
    return key


def _record(token: RefreshToken) -> dict[str, Any]:
    refused = token.refused
    return {
        "user": token.user.object_id,
        "client_id": token.client_id,
        "scope": token.scope,
        "family": token.family,
        "issued_on": token.issued_on,
        "signed_in_on": token.signed_in_on,
        "value": token.value,
        "spent": token.spent,
        "refused": refused and {"code": refused.code, "error": refused.error, "suberror": refused.suberror},
    }


def _token(record: dict[str, Any], directory: Directory) -> RefreshToken:
    refused = record.pop("refused")
    if refused:
        refused = EntraError(refused.pop("code"), **refused)
    return RefreshToken(**{**record, "user": directory.user(record["user"]), "refused": refused})

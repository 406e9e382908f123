"""Sealing of the cache with AES-256-GCM (NIST SP 800-38D), and the keys it takes."""

from __future__ import annotations

import base64
import binascii
import codecs
import errno
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.errors import ConfigurationError
from sidecar.posix.directories import describe

KEY_BYTES = 32
NONCE_BYTES = 12

_ADVICE = (
    "Each line is one key: the base64 of 32 random bytes, as `openssl rand -base64 32` prints. "
    "The first seals, every one opens; lines that begin with # are comments."
)


@dataclass(frozen=True)
class Key:
    """`key_id` is the beginning of a hash: it names the key in messages and tells nothing of it."""

    secret: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        """Eight hexadecimal digits."""
        return hashlib.sha256(b"entra-sidecar key id\0" + self.secret).hexdigest()[:8]


class Damaged(ValueError):
    """The right key is there, but what it should open has been altered or cut."""

    def __init__(self) -> None:
        super().__init__("it has been altered or cut since it was sealed")


class Sealer:
    """Seals with the first key and opens with any. Without keys it does neither."""

    def __init__(self, keys: tuple[Key, ...] = ()) -> None:
        self._keys = keys

    @property
    def sealing_key_id(self) -> str | None:
        """The id of the key that `seal` uses; None when the cache is not to be sealed."""
        return self._keys[0].key_id if self._keys else None

    @property
    def key_ids(self) -> list[str]:
        """Of every key, in the order of the file."""
        return [key.key_id for key in self._keys]

    def seal(self, content: bytes, *, context: bytes) -> bytes:
        """Nonce and ciphertext; `context` is authenticated with it and needed to open it."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self._keys[0].secret).encrypt(nonce, content, context)

    def open(self, sealed: bytes, *, key_id: str, context: bytes) -> bytes | None:
        """The content; None if no key has that id.

        :raises Damaged: the key is there but the content or its context is not what was sealed
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = next((key for key in self._keys if key.key_id == key_id), None)
        if key is None:
            return None
        if len(sealed) < NONCE_BYTES:
            raise Damaged
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(key.secret).decrypt(nonce, ciphertext, context)
        except InvalidTag:
            raise Damaged from None


def read_keys(path: Path) -> tuple[Key, ...]:
    """Read SIDECAR_CACHE_KEY_FILE.

    :raises ConfigurationError: missing, empty, or a line that is not a key; it says which line
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"SIDECAR_CACHE_KEY_FILE: {path} cannot be read: {error.strerror}",
            advice=_unreadable(path, error.errno),
        ) from error
    keys = []
    for number, line in enumerate(content.removeprefix(codecs.BOM_UTF8).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        try:
            secret = base64.b64decode(text, validate=True)
            reason = f"{len(secret)} bytes, and {KEY_BYTES} are needed"
        except binascii.Error:
            secret, reason = b"", "not base64"
            if b"\0" in content:
                reason = "UTF-16, and plain text is needed"
        if len(secret) != KEY_BYTES:
            raise ConfigurationError(
                f"SIDECAR_CACHE_KEY_FILE: line {number} of {path} is not a key: {reason}", advice=_ADVICE
            )
        keys.append(Key(secret))
    if not keys:
        raise ConfigurationError(f"SIDECAR_CACHE_KEY_FILE: {path} holds no key", advice=_ADVICE)
    return tuple(keys)


def _unreadable(path: Path, number: int | None) -> str:
    if number == errno.ENOENT:
        return "Mount the Secret or the volume that holds it there. " + _ADVICE
    if number == errno.EISDIR:
        return "Name the file in it. " + _ADVICE
    return (
        f"It has to be readable for uid {os.geteuid()}, gid {os.getegid()}, and was {describe(path)}: in "
        "Kubernetes set the Secret's defaultMode to 0440 and fsGroup on the pod; elsewhere chown it."
    )

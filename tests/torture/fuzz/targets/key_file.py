"""Any key file: keys that open what they seal, or one message that names the line."""

from __future__ import annotations

import base64

from sidecar.adapters.sealing import Sealer, read_keys
from sidecar.errors import ConfigurationError
from tests.torture.fuzz.draws import Draws
from tests.torture.fuzz.promises import folder, well_told

SECRETS = tuple(base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
PIECES = tuple(secret[4:16] for secret in SECRETS)
"""A line with a typing mistake is no key, and still almost one."""
TRUE = f"# the first seals\n{SECRETS[0]}\n\n  {SECRETS[1]}  \r\n".encode()


def one_input(data: bytes) -> None:
    """The first key seals, each one opens."""
    draws = Draws(data)
    kind = draws.below(4)
    content = draws.take(512) if kind == 3 else (TRUE, SECRETS[0].encode(), b"")[kind]
    if draws.sometimes():
        content = draws.torn(content)
    with folder() as path:
        (path / "keys").write_bytes(content)
        try:
            keys = read_keys(path / "keys")
        except ConfigurationError as error:
            well_told(error, PIECES, exit_code=78)
            return
    sealer = Sealer(keys)
    sealed = sealer.seal(b"content", context=b"context")
    assert sealer.sealing_key_id == keys[0].key_id
    assert Sealer(keys[::-1]).open(sealed, key_id=keys[0].key_id, context=b"context") == b"content"
    assert not any(secret in repr(sealer.__dict__) for secret in SECRETS)

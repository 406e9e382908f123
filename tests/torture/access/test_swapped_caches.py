"""A sealed cache that is another pod's, or whose header was changed, is never used, and the log says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.emulator.directory import FABRIKAM_ID, App
from tests.end_to_end.pod import Pod, Running
from tests.torture.access.shares import share
from tests.torture.figures import count

OTHER_CLIENT = "77777777-7777-4777-8777-777777777777"


@pytest.fixture
def sealed(pod: Pod, tmp_path: Path, key_file: Callable[[Path], Path]) -> Pod:
    """A pod with a key."""
    pod.settings["SIDECAR_CACHE_KEY_FILE"] = str(key_file(tmp_path / "key"))
    return pod


@pytest.mark.parametrize(
    ("settings", "what"),
    share(
        [
            ({"AZURE_CLIENT_ID": OTHER_CLIENT}, "client_id"),
            ({"AZURE_TENANT_ID": FABRIKAM_ID}, "authority"),
            ({"AZURE_TENANT_ID": "organizations"}, "authority"),
        ],
        2,
    ),
    ids=str,
)
def test_cache_of_another_pod_is_set_aside_and_named(
    sealed: Pod, new_pod: Callable[..., Pod], entra: Emulator, settings: dict[str, str], what: str
) -> None:
    """Sealed with the same key: the log names the client and the authority that it belongs to; nothing of it
    is sent or published, and it is kept.
    """
    entra.directory.apps[OTHER_CLIENT] = App(OTHER_CLIENT, "another app")
    entra.policy.approve_after = 0
    assert sealed.run("signin")[0] == 0
    stolen = (sealed.private / "cache").read_bytes()
    own = {k: v for k, v in sealed.settings.items() if k not in ("SIDECAR_TOKEN_DIR", "SIDECAR_STATE_DIR")}
    other = new_pod(**{**own, **settings})
    other.private.mkdir(mode=0o700)
    (other.private / "cache").write_bytes(stolen)
    entra.policy.approve_after = None
    role = other.start("signin")
    aside = role.wait_for("cache.set_aside")
    role.wait_for("signin.code_issued")
    belongs_to = {"client_id": entra.client_id, "authority": entra.authority}[what]
    assert f"another {what}" in aside["message"]
    assert belongs_to in aside["message"]
    assert_unused(other, role, entra)
    assert role.stop()[0] == 143
    assert Path(aside["path"]).read_bytes() == stolen


def rewritten(raw: bytes, **changes: Any) -> bytes:
    """Another header before the same content."""
    line, _, body = raw.partition(b"\n")
    return json.dumps({**json.loads(line), **changes}).encode() + b"\n" + body


TAMPERED: dict[str, tuple[Callable[[bytes], bytes], str | None]] = {
    "version": (lambda raw: rewritten(raw, version=2), "version"),
    "client": (lambda raw: rewritten(raw, client_id=OTHER_CLIENT), "altered"),
    "authority": (lambda raw: rewritten(raw, authority="https://login.example/t"), "altered"),
    "key id of another key": (lambda raw: rewritten(raw, key_id="0123abcd"), None),
    "key id that is a text of escapes": (
        lambda raw: rewritten(raw, key_id="\x1b[2J\n" * 30000),
        "names no key",
    ),
    "no key id": (lambda raw: rewritten(raw, key_id=None), ""),
    "spaces in the header": (lambda raw: raw.replace(b'": ', b'":  ', 1), "altered"),
    "a bit of the nonce": (lambda raw: _flipped(raw, raw.index(b"\n") + 1), "altered"),
    "a bit of the tag": (lambda raw: _flipped(raw, len(raw) - 1), "altered"),
    "cut": (lambda raw: raw[:-1], "altered"),
}


def _flipped(raw: bytes, position: int) -> bytes:
    return raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]


@pytest.mark.parametrize("what", share(TAMPERED, 3))
def test_tampered_cache_is_never_used(sealed: Pod, entra: Emulator, what: str) -> None:
    """An unknown key is refused with 78 and the bytes are left; all else is set aside, kept, and asked for
    anew. Nothing of it is sent or published.
    """
    entra.policy.approve_after = 0
    assert sealed.run("signin")[0] == 0
    entra.policy.approve_after = None
    change, reason = TAMPERED[what]
    cache = sealed.private / "cache"
    whole = cache.read_bytes()
    cache.write_bytes(changed := change(whole))
    for path in sorted(sealed.tokens.iterdir(), key=lambda path: not path.is_symlink()):
        if path.is_symlink():
            path.unlink()
    role = sealed.start("signin")
    if reason is None:
        assert role.end() == 78
        assert "is sealed with key" in role.records("signin.failed")[0]["message"]
        assert cache.read_bytes() == changed
    else:
        aside = role.wait_for("cache.set_aside")
        role.wait_for("signin.code_issued")
        assert reason in aside["message"]
        assert role.stop()[0] == 143
        assert Path(aside["path"]).read_bytes() == changed
    assert_unused(sealed, role, entra)
    assert "\x1b" not in role.output
    assert max(map(len, role.output.splitlines())) < 16_384
    count("access", "caches swapped or tampered with, none used")


def assert_unused(pod: Pod, role: Running, entra: Emulator) -> None:
    """No refresh token was sent and nothing is published."""
    assert entra.count("token:refresh_token") == 0
    assert role.records("token.published") == []
    assert pod.token() == ""

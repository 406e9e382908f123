"""A sealed cache: what the keys open, and what a wrong one must not cost."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from sidecar.adapters.sealing import Damaged, Key, Sealer, read_keys
from sidecar.errors import CacheSealed, ConfigurationError
from tests.adapters.cached_signins import (
    ALICE,
    NOW,
    SECRETS,
    access_token,
    cache_at,
    committed,
    header_of,
    key,
    new_keys,
    refresh_tokens,
    sealed_with,
)

ENCODED = [base64.b64encode(bytes([number]) * 32).decode() for number in range(4)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the cache lies."""
    return tmp_path / "cache"


def test_sealed_file_shows_no_secret(file: Path) -> None:
    """Neither tokens nor the user's name nor the key; the header says which key it takes."""
    sealed = committed(file, sealed_with(1))
    for secret in (*SECRETS, "alice", "RefreshToken"):
        assert secret.encode() not in sealed
    assert key(1).secret not in sealed
    assert header_of(file)["key_id"] == key(1).key_id
    assert b"refresh-secret" in committed(file.with_name("open")), "the comparison proves nothing"


def test_sealed_cache_opens_with_its_key(file: Path) -> None:
    """The sign-in is there in the next turn."""
    committed(file, sealed_with(1))
    cache = cache_at(file, sealed_with(1))
    assert cache.open(now=NOW) is None
    assert refresh_tokens(cache) == ["refresh-secret-1"]
    assert (cache.account, cache.tokens) == (ALICE, {"": access_token()})


def test_keys_can_be_rotated_without_a_sign_in(file: Path) -> None:
    """New key first, old one below: the old file opens, the next commit seals with the new one alone."""
    committed(file, sealed_with(1))
    both = cache_at(file, sealed_with(2, 1))
    assert both.open(now=NOW) is None
    both.commit(both.account, both.tokens)
    assert header_of(file)["key_id"] == key(2).key_id
    new_only = cache_at(file, sealed_with(2))
    assert new_only.open(now=NOW) is None
    assert refresh_tokens(new_only) == ["refresh-secret-1"]


def test_first_key_seals_an_open_cache_at_the_next_commit(file: Path) -> None:
    """Turning sealing on costs no sign-in."""
    committed(file)
    cache = cache_at(file, sealed_with(1))
    assert cache.open(now=NOW) is None
    cache.commit(cache.account, cache.tokens)
    assert b"refresh-secret" not in file.read_bytes()


@pytest.mark.parametrize("keys", [(), (2,), (3, 2)])
def test_wrong_key_leaves_the_file_untouched(file: Path, keys: tuple[int, ...]) -> None:
    """A typo in a key must not cost the sign-in: refused with 78, every byte and the time as before."""
    sealed = committed(file, sealed_with(1))
    before = file.stat()
    with pytest.raises(CacheSealed) as caught:
        cache_at(file, sealed_with(*keys)).open(now=NOW)
    assert file.read_bytes() == sealed
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert [entry.name for entry in file.parent.iterdir()] == ["cache"]
    assert caught.value.exit_code == 78
    assert f"sealed with key {key(1).key_id}" in caught.value.message
    given = ", ".join(key(number).key_id for number in keys) or "none"
    assert f"({given})" in caught.value.message
    assert "SIDECAR_CACHE_KEY_FILE" in caught.value.advice


def test_altered_byte_anywhere_is_never_taken_for_the_cache(file: Path) -> None:
    """Flipped in the content it is set aside; in the header set aside, or refused as another key's. Each byte
    of the header, of the nonce and of the tag; between them, where all are alike, one of a dozen.
    """
    sealed = committed(file, sealed_with(1))
    content = sealed.index(b"\n") + 1
    ends = 16
    for position in (
        *range(content + ends),
        *range(content + ends, len(sealed) - ends, 12),
        *range(len(sealed) - ends, len(sealed)),
    ):
        file.write_bytes(sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :])
        cache = cache_at(file, sealed_with(1))
        try:
            aside = cache.open(now=NOW)
        except CacheSealed:
            assert position < content - 1
            continue
        assert aside is not None, f"byte {position} of {len(sealed)} was altered"
        assert refresh_tokens(cache) == []


@pytest.mark.parametrize("key_id", ["\x1b[2J", "", 5, ["x"], "ABCDEFGH"])
def test_header_that_names_no_key_is_damaged(file: Path, key_id: object) -> None:
    """No key could ever open it, and no message repeats what stands there."""
    header, _, body = committed(file, sealed_with(1)).partition(b"\n")
    file.write_bytes(json.dumps({**json.loads(header), "key_id": key_id}).encode() + b"\n" + body)
    aside = cache_at(file, sealed_with(1)).open(now=NOW)
    assert aside is not None
    assert aside.reason == "it names no key"


def test_sealed_content_cannot_be_moved_under_another_header(file: Path) -> None:
    """Client and authority are sealed with the content: rewriting them does not redirect the sign-in."""
    committed(file, sealed_with(1))
    line, _, body = file.read_bytes().partition(b"\n")
    header = {**json.loads(line), "authority": "https://attacker.example/t"}
    file.write_bytes(json.dumps(header).encode() + b"\n" + body)
    cache = cache_at(file, sealed_with(1), authority="https://attacker.example/t")
    aside = cache.open(now=NOW)
    assert aside is not None
    assert aside.reason == "it has been altered or cut since it was sealed"
    assert refresh_tokens(cache) == []


def test_nothing_is_sealed_twice_alike() -> None:
    """A nonce is never used again with the same key (NIST SP 800-38D section 8)."""
    sealer = Sealer(new_keys(1))
    assert len({sealer.seal(b"content", context=b"")[:12] for _ in range(1000)}) == 1000


def test_content_and_context_are_authenticated() -> None:
    """Only the very same context opens it, and only a key that is there is tried."""
    sealer = sealed_with(1, 2)
    sealed = sealer.seal(b"content", context=b"context")
    assert sealer.open(sealed, key_id=key(1).key_id, context=b"context") == b"content"
    assert sealer.open(sealed, key_id=key(3).key_id, context=b"context") is None
    for bad, context in ((sealed, b"other"), (sealed[:-1], b"context"), (sealed[:11], b"context")):
        with pytest.raises(Damaged):
            sealer.open(bad, key_id=key(1).key_id, context=context)


def test_key_never_shows_itself() -> None:
    """Neither in its representation nor in its id."""
    secret = os.urandom(32)
    shown = f"{Key(secret)!r} {Key(secret).key_id}"
    assert repr(secret) not in shown
    assert secret.hex()[:8] not in shown
    assert len(Key(secret).key_id) == 8


def test_key_file_has_a_key_a_line(tmp_path: Path) -> None:
    """Comments, blank lines, spaces and Windows line ends do not count; the first key seals."""
    file = tmp_path / "keys"
    file.write_text(f"# new\n{ENCODED[1]}\n\n  {ENCODED[2]}  \r\n# old\n{ENCODED[3]}")
    keys = read_keys(file)
    assert keys == (key(1), key(2), key(3))
    assert Sealer(keys).sealing_key_id == key(1).key_id
    assert Sealer(keys).key_ids == [key(number).key_id for number in (1, 2, 3)]
    assert Sealer().sealing_key_id is None


@pytest.mark.parametrize(
    "line",
    [
        "not base64!",
        base64.b64encode(bytes(16)).decode(),
        base64.b64encode(bytes(33)).decode(),
        ENCODED[1][:-1],
        ENCODED[1] + ENCODED[2],
        bytes(32).hex(),
        "kéy",
    ],
)
def test_line_that_is_no_key_is_named_but_not_shown(tmp_path: Path, line: str) -> None:
    """78, with the file and the number of the line; half a key is secret too."""
    file = tmp_path / "keys"
    file.write_text(f"# comment\n{ENCODED[0]}\n{line}\n")
    with pytest.raises(ConfigurationError) as caught:
        read_keys(file)
    assert caught.value.exit_code == 78
    assert caught.value.message.startswith(f"SIDECAR_CACHE_KEY_FILE: line 3 of {file} is not a key: ")
    assert line not in caught.value.message + caught.value.advice
    assert "openssl rand -base64 32" in caught.value.advice


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "holds no key"),
        ("# only\n\n", "holds no key"),
    ],
)
def test_key_file_without_keys_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    """Missing or empty: never silently a cache that is not sealed."""
    file = tmp_path / "keys"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=f"^SIDECAR_CACHE_KEY_FILE: {file} {said}$"):
        read_keys(file)

"""The token cache: one durable write per turn, and a file that cannot be used costs no more than a prompt."""

from __future__ import annotations

import itertools
import stat
import time
from pathlib import Path

import pytest

from sidecar.adapters.sealing import Sealer
from tests.adapters.cached_signins import (
    ALICE,
    NOW,
    access_token,
    cache_at,
    committed,
    header_of,
    refresh_tokens,
    sealed_with,
    sign_in,
)
from tests.posix.processes import running
from tests.posix.volumes import VOLUME_BYTES, Volume


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the cache lies."""
    return tmp_path / "cache"


def test_no_file_is_an_empty_cache(file: Path) -> None:
    """The first run: nothing to set aside, nobody signed in."""
    cache = cache_at(file)
    assert cache.open(now=NOW) is None
    assert cache.account is None
    assert cache.tokens == {}
    assert refresh_tokens(cache) == []
    assert not file.exists()


def test_what_was_committed_is_there_in_the_next_turn(file: Path) -> None:
    """MSAL's part, the account and the tokens."""
    committed(file)
    cache = cache_at(file)
    assert cache.open(now=NOW) is None
    assert refresh_tokens(cache) == ["refresh-secret-1"]
    assert cache.account == ALICE
    assert cache.tokens == {"": access_token()}


def test_committed_state_is_the_one_in_memory_too(file: Path) -> None:
    """The turn that committed goes on with what it committed."""
    cache = cache_at(file)
    cache.open(now=NOW)
    cache.commit(ALICE, {"": access_token()})
    assert (cache.account, cache.tokens) == (ALICE, {"": access_token()})
    cache.commit(None, {})
    assert (cache.account, cache.tokens) == (None, {})


@pytest.mark.parametrize("mode", [None, 0o644])
def test_file_is_the_owners_only(file: Path, mode: int | None) -> None:
    """0600, also when somebody had widened it."""
    if mode is not None:
        committed(file)
        file.chmod(mode)
    committed(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["cache"]


def test_many_saves_of_msal_are_one_write(file: Path) -> None:
    """Three sign-ins are fifteen saves for MSAL: on disk there is one new file and one rename."""
    with running("tests.adapters.counted_commit", file) as process:
        output, _ = process.communicate(timeout=30)
    lines = [line for line in output.splitlines() if "lockfile" not in line]
    assert lines == ["write .cache.new", "rename .cache.new cache"]


def test_changes_last_only_with_a_commit(file: Path) -> None:
    """A turn that fails before its commit leaves the sign-in as it was, in the file and in memory."""
    before = committed(file)
    cache = cache_at(file)
    cache.open(now=NOW)
    sign_in(cache, serial=2)
    assert refresh_tokens(cache) == ["refresh-secret-2"]
    assert file.read_bytes() == before
    cache.discard()
    assert refresh_tokens(cache) == ["refresh-secret-1"]


def test_cleared_cache_is_empty_with_the_next_commit(file: Path) -> None:
    """Clearing alone can be taken back; committed, the sign-in is gone."""
    committed(file)
    cache = cache_at(file)
    cache.open(now=NOW)
    cache.clear()
    assert refresh_tokens(cache) == []
    cache.discard()
    assert refresh_tokens(cache) == ["refresh-secret-1"]
    cache.clear()
    cache.commit(None, {})
    assert b"refresh-secret" not in file.read_bytes()


def test_wall_clock_does_not_decide_what_msal_sees(file: Path) -> None:
    """A second cache object on the same turn sees the first one's changes, at once and always."""
    cache = cache_at(file)
    cache.open(now=NOW)
    views = [cache.msal_cache() for _ in range(2)]
    assert len({view._persistence.time_last_modified() for view in views}) == 1
    assert views[0]._persistence.get_location() == str(file)
    sign_in(cache)
    assert refresh_tokens(cache) == ["refresh-secret-1"]


def test_leftover_lock_file_costs_neither_time_nor_the_token(file: Path) -> None:
    """A killed turn left MSAL's lock file: without care that is five seconds and a lost refresh token."""
    committed(file)
    (file.parent / "msal.lockfile").write_text("4711 python")
    cache = cache_at(file)
    started = time.monotonic()
    cache.open(now=NOW)
    sign_in(cache, serial=2)
    cache.commit(ALICE, {})
    assert time.monotonic() - started < 4
    later = cache_at(file)
    later.open(now=NOW)
    assert refresh_tokens(later) == ["refresh-secret-2"]


def test_full_volume_keeps_the_file_and_the_memory(volume: Volume) -> None:
    """A commit that fails is no commit; with space again the same commit succeeds."""
    file = volume.path / "cache"
    before = committed(file)
    cache = cache_at(file)
    cache.open(now=NOW)
    volume.fill(leave_bytes=4096)
    sign_in(cache, serial=2)
    tokens = {f"name{number}": access_token() for number in range(VOLUME_BYTES // 1000)}
    with pytest.raises(OSError, match="No space left"):
        cache.commit(ALICE, tokens)
    assert file.read_bytes() == before
    assert cache.tokens == {"": access_token()}
    volume.free()
    cache.commit(ALICE, {"": access_token()})
    later = cache_at(file)
    later.open(now=NOW)
    assert refresh_tokens(later) == ["refresh-secret-2"]


@pytest.mark.parametrize("seal", [None, sealed_with(1)], ids=["open", "sealed"])
def test_cache_cut_at_any_byte_is_set_aside(file: Path, seal: Sealer | None) -> None:
    """Whatever a foreign program or a broken disk left of it: kept under another name, 0600, and empty."""
    whole = committed(file, seal)
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        file.chmod(0o644)
        cache = cache_at(file, seal)
        aside = cache.open(now=NOW + length)
        assert aside is not None, f"{length} of {len(whole)} bytes were taken for a cache"
        assert aside.path == file.with_name(f"cache.damaged-{int(NOW) + length}")
        assert aside.path.read_bytes() == whole[:length]
        assert stat.S_IMODE(aside.path.stat().st_mode) == 0o600
        assert not file.exists()
        assert (cache.account, cache.tokens) == (None, {})
        assert not any(secret in aside.reason for secret in ("refresh-secret", "access-secret"))


def test_what_is_set_aside_replaces_nothing(file: Path) -> None:
    """A wrong client id and its correction within a second: the good cache is still there."""
    whole = committed(file, None)
    paths = []
    for content in (whole[:-1], b"{}"):
        file.write_bytes(content)
        aside = cache_at(file).open(now=NOW)
        assert aside is not None
        paths.append(aside.path)
    assert [path.read_bytes() for path in paths] == [whole[:-1], b"{}"]


HEADER = '{"format": "entra-sidecar cache", "version": 1, '


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "\x00" * 4096,
        "\xff\xfe\n{}",
        "null\n{}",
        "[]\n{}",
        '{"AccessToken": {}}',
        '{"format": "another program"}\n{}',
        '{"format": "entra-sidecar cache", "version": 2}\n{}',
        HEADER + '"key_id": null}\n{}',
        "[" * 100_000 + "\n",
    ],
    ids=itertools.count(),
)
def test_garbage_is_set_aside(file: Path, content: str) -> None:
    """Empty files, zeros after a power cut, other programs' files, other versions."""
    file.write_bytes(content.encode("latin-1"))
    aside = cache_at(file).open(now=NOW)
    assert aside is not None
    assert aside.reason
    assert aside.path.read_bytes() == content.encode("latin-1")


@pytest.mark.parametrize("seal", [None, sealed_with(1)], ids=["open", "sealed"])
@pytest.mark.parametrize(
    ("client_id", "authority", "other"),
    [("another", None, "client_id"), (None, "https://login.microsoftonline.us/t", "authority")],
)
def test_cache_of_another_client_or_authority_is_set_aside(
    file: Path, seal: Sealer | None, client_id: str | None, authority: str | None, other: str
) -> None:
    """Its refresh token is never sent to an authority that it is not from."""
    committed(file, seal)
    header = header_of(file)
    cache = cache_at(
        file,
        seal,
        client_id=client_id or header["client_id"],
        authority=authority or header["authority"],
    )
    aside = cache.open(now=NOW)
    assert aside is not None
    assert aside.reason.startswith(f"it belongs to another {other}, {header[other]}, not to ")
    assert refresh_tokens(cache) == []


def test_content_of_another_msal_format_is_set_aside(file: Path) -> None:
    """An envelope that is whole but holds no cache of MSAL's."""
    committed(file)
    line = file.read_bytes().partition(b"\n")[0]
    file.write_bytes(line + b'\n{"msal": "[]", "account": null, "tokens": {}}')
    assert cache_at(file).open(now=NOW) is not None


def test_cache_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A directory in its place is not ours to move, and no reason for a prompt at every turn."""
    (tmp_path / "cache").mkdir()
    with pytest.raises(IsADirectoryError):
        cache_at(tmp_path / "cache").open(now=NOW)
    assert (tmp_path / "cache").is_dir()

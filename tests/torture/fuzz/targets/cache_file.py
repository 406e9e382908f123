"""Any bytes in the place of the cache, and any content of MSAL's in a sound envelope, met by MSAL itself."""

from __future__ import annotations

import functools
import json

from sidecar.adapters.sealing import Key, Sealer
from sidecar.adapters.token_cache import TokenCache
from sidecar.core import envelope
from sidecar.errors import CacheSealed
from sidecar.role import SIGNIN
from tests.torture.fuzz.authority import OddAuthority
from tests.torture.fuzz.draws import Draws
from tests.torture.fuzz.pod import OddPod
from tests.torture.fuzz.promises import folder, well_told

ONE, OTHER = Key(b"\1" * 32), Key(b"\2" * 32)
SEALERS = (Sealer(), Sealer((ONE,)), Sealer((OTHER, ONE)), Sealer((OTHER,)))


@functools.cache
def _true() -> tuple[bytes, ...]:
    """A cache after one sign-in: not sealed, sealed, and sealed with another key."""
    found = []
    for sealer in (SEALERS[0], SEALERS[1], SEALERS[3]):
        with folder() as path:
            pod = OddPod(path, OddAuthority(), seal=sealer)
            assert pod.turn(SIGNIN) is None
            found.append((pod.bench.state_path / "cache").read_bytes())
    return tuple(found)


def one_input(data: bytes) -> None:
    """Read, set aside as it was, or left alone with 78; the next turns heal, with a prompt at worst."""
    draws = Draws(data)
    sealer = draws.one_of(SEALERS)
    with folder() as path:
        pod = OddPod(path, OddAuthority(serial=100), seal=sealer)
        cache_file = pod.bench.state_path / "cache"
        content = _content(draws, pod.bench.cache)
        cache_file.write_bytes(content)
        error = pod.turn(at_once=draws.sometimes())
        aside = list(pod.bench.state_path.glob("cache.damaged-*"))
        if isinstance(error, CacheSealed):
            well_told(error, exit_code=78)
            assert not aside
            assert cache_file.read_bytes() == content, "a cache that another key opens was touched"
            cache_file.unlink()
        for kept in aside:
            assert kept.read_bytes() == content, "what was set aside is not what was found"
            assert kept.stat().st_mode & 0o777 == 0o600
        pod.heal()


def _content(draws: Draws, cache: TokenCache) -> bytes:
    kind = draws.below(5)
    if kind == 0:
        return draws.piece() + draws.take(512)
    if kind == 1:
        return draws.torn(draws.one_of(_true()))
    header, _, body = _true()[0].partition(b"\n")
    if kind == 2:
        return json.dumps(draws.mutated(json.loads(header))).encode() + b"\n" + body
    if kind == 3:
        return header + b"\n" + json.dumps(draws.mutated(json.loads(body))).encode()
    return _with_msal_content(cache, body, draws)


def _with_msal_content(cache: TokenCache, body: bytes, draws: Draws) -> bytes:
    """As the product writes it, sealed or not, with a cache of MSAL's that was changed inside."""
    remembered = envelope.from_bytes(body)
    changed = draws.mutated(json.loads(remembered.msal))
    cache.open(now=0)
    cache._collecting.content = json.dumps(changed if isinstance(changed, dict) else {"Account": changed})
    cache.commit(remembered.account, remembered.tokens)
    return cache._path.read_bytes()

"""What a turn finds in the cache file, before anything is done with it."""

from __future__ import annotations

from contextlib import suppress

from sidecar.adapters.log import Log
from sidecar.adapters.token_cache import TokenCache
from sidecar.core import session
from sidecar.core.lifetime import never_longer
from sidecar.core.schedule import Anchor
from sidecar.core.token import AccessToken
from sidecar.elsewhere import Elsewhere
from sidecar.posix.files import SetAside


def adopt(cache: TokenCache, elsewhere: Elsewhere, now: Anchor) -> None:
    """What another machine has written goes by this one's clocks from now on; the others need not know.

    :raises OSError: the directory is read-only or full; the file is as it was
    """
    shift = elsewhere.adopted_shift
    if shift is not None:
        from sidecar.core.kubernetes.shared_copy import by_our_clock

        theirs = session.moved(cache.session(), seconds=shift)
        cache.session = lambda: theirs
        cache.commit(cache.account, by_our_clock(cache.tokens, shift=shift, now=now), at=now)
        elsewhere.kept()


def reseal(cache: TokenCache, elsewhere: Elsewhere) -> None:
    """At once, so that an open cache does not wait for its key, nor an old key for the next renewal."""
    if cache.sealed_otherwise:
        with suppress(OSError):
            cache.commit(cache.account, cache.tokens, at=cache.told_at)
            elsewhere.saved()


def held(cache: TokenCache, now: Anchor) -> dict[str, AccessToken]:
    """All tokens in it, with their lives by the wall clock of `now`."""
    return {name: never_longer(each, told_at=cache.told_at, now=now) for name, each in cache.tokens.items()}


def alive(cache: TokenCache, now: Anchor) -> dict[str, AccessToken]:
    """Those of them that have not expired."""
    return {name: each for name, each in held(cache, now).items() if each.lives(now.wall)}


def tell_of(aside: SetAside | None, log: Log, *, was: str) -> None:
    """A cache that is damaged or foreign, if there is one, lies under another name than it `was`."""
    if aside is None:
        return
    log.event(
        "cache.set_aside",
        level="warning",
        message=f"the cache cannot be used: {aside.reason}",
        path=str(aside.path),
        advice="A new sign-in is needed, unless a setting is wrong: put that right, and rename the "
        f"file back to {was}. Else remove it when it is of no use.",
    )
